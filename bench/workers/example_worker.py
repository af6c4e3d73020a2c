"""A worker to start from: a small model of torch, and what bench needs to know of it.

    bench run SCENARIO      # whose workers: {mine: {command: [python3, example_worker.py]}}
    python3 bench/workers/example_worker.py --try
"""

import bench_worker
import torch


class Loop(bench_worker.Loop):
    def __init__(self, job):
        torch.manual_seed(0)
        self.steps = job.steps
        self.model = torch.nn.Sequential(torch.nn.Linear(256, 1024), torch.nn.SiLU(), torch.nn.Linear(1024, 256)).to(job.device)
        self.noise = torch.randn(64, 256, device=job.device)
        self.x = self.noise.clone()

    def begin(self):
        self.x.copy_(self.noise)

    def step(self, index):
        self.x -= self.model(self.x) / self.steps

    def latents(self):
        return self.x


if __name__ == "__main__":
    bench_worker.serve(Loop)
