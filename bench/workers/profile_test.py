"""From a trace of torch.profiler to the records of bench."""

import bench_worker_profile as profile


def test_the_operator_is_the_one_that_the_model_called():
    assert profile.operator_of(["aten::linear", "aten::addmm"]) == "linear"
    assert profile.operator_of(["Torch-Compiled Region: 0/0", "## Call CompiledFxGraph x ##", "triton_poi_fused_add_0"]) == "triton_poi_fused_add_0"
    assert profile.operator_of(["Torch-Compiled Region: 0/0", "aten::mm"]) == "mm"
    assert profile.operator_of(["flash_attn::_flash_attn_forward", "aten::empty"]) == "flash_attn::_flash_attn_forward"
    assert profile.operator_of(["Torch-Compiled Region: 0/0"]) == profile.operator_of([]) == ""


def operator(name, ts, dur, tid=1):
    return {"ph": "X", "cat": "cpu_op", "name": name, "pid": 9, "tid": tid, "ts": ts, "dur": dur, "args": {"External id": 1}}


def launch(correlation, ts, tid=1, cat="cuda_runtime"):
    return {"ph": "X", "cat": cat, "name": "cudaLaunchKernel", "pid": 9, "tid": tid, "ts": ts, "dur": 2, "args": {"correlation": correlation}}


def kernel(name, correlation, ts, dur, cat="kernel", **more):
    args = {"correlation": correlation, "stream": 7, "grid": [4, 1, 1], "block": [128, 1, 1], "registers per thread": 32, "shared memory": 1024}
    return {"ph": "X", "cat": cat, "name": name, "pid": 0, "tid": 7, "ts": ts, "dur": dur, "args": args | more}


def test_records():
    events = [
        {"ph": "M", "name": "process_name", "pid": 9, "args": {"name": "python"}},
        operator("aten::linear", 100, 50), operator("aten::addmm", 110, 30), operator("aten::rms_norm", 160, 20),
        operator("aten::add", 100, 500, tid=2),  # of another thread
        launch(1, 120), launch(2, 165), launch(3, 300, cat="cuda_driver"), launch(4, 310),
        kernel("gemm", 1, 1000.5, 10.25), kernel("norm", 2, 1020, 3), kernel("stamp(bench::measure::SmStamp*)", 3, 1030, 1.7),
        kernel("Memcpy HtoD", 4, 1040, 1, cat="gpu_memcpy"), kernel("norm", 9, 1050, 3, **{"graph node id": 5}),
        {"ph": "f", "cat": "ac2g", "name": "ac2g", "pid": 0, "tid": 7, "ts": 1000},
    ]  # fmt: skip
    found = profile.records(events)
    assert found["names"] == ["gemm", "norm", "stamp(bench::measure::SmStamp*)", "[memcpy]"]
    assert found["operators"] == ["linear", "rms_norm", ""]
    assert found["rows"][0] == [0, 0, [4, 1, 1], [128, 1, 1], 32, 1024, 1000500, 1010750, 7, False]
    assert [row[:2] for row in found["rows"]] == [[0, 0], [1, 1], [2, 2], [3, 2], [1, 2]]
    assert [row[9] for row in found["rows"]] == [False, False, False, False, True]


def test_nested_operators_that_begin_together():
    events = [operator("aten::a", 10, 20), operator("aten::b", 10, 5), operator("aten::c", 16, 5), launch(1, 12), launch(2, 17), launch(3, 29.5), launch(4, 31)]
    events += [kernel("k", i, 100 + i, 1) for i in range(1, 5)]
    operators = profile.Operators(events)
    assert operators.around(1, 12) == ["aten::a", "aten::b"]
    assert operators.around(1, 17) == ["aten::a", "aten::c"]
    assert operators.around(1, 29.5) == ["aten::a"]
    assert operators.around(1, 31) == operators.around(5, 12) == operators.around(1, 3) == []
