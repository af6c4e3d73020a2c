"""What `ci/bundle --peers` builds and packs, without downloading or compiling: those steps are replaced."""

import json
import lzma
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import REPO
from steps import peers
from steps.console import Failure
from steps.peers import Absent, Peers

PINS = {"liger-kernel": "1.0", "flashinfer-python": "2.0", "sglang-kernel": "3.0", "quack-kernels": "4.0"}


class FakeEnvironment:
    """site-packages with what is carried from them; a pip that downloads one wheel of two files."""

    def __init__(self, root):
        self.site_packages = root / "site"
        self.cuda_toolkit = root / "cuda"
        self.python = sys.executable
        for name in ("liger_kernel/ops", "packaging", "liger_kernel/__pycache__", "tvm_ffi/lib"):
            (self.site_packages / name).mkdir(parents=True)
        (self.site_packages / "liger_kernel/ops/rms_norm.py").write_text("norm = 1\n")
        (self.site_packages / "liger_kernel/__pycache__/x.pyc").write_text("")
        (self.site_packages / "packaging/__init__.py").write_text("")
        (self.site_packages / "tvm_ffi/lib/libtvm_ffi.so").write_bytes(b"tvm")

    def group(self, name):
        return dict(list(PINS.items())[:2] if name == "peers" else list(PINS.items())[2:])


class FakePeers(Peers):
    """Notes the tools that it would run; those that compile leave a library, or fail."""

    def __init__(self, root, fails=()):
        super().__init__(root, FakeEnvironment(root) if not (root / "site").exists() else self._again(root))
        self.fails, self.ran = fails, []

    @staticmethod
    def _again(root):
        shutil.rmtree(root / "site")
        return FakeEnvironment(root)

    def run(self, tool, *command):
        self.ran.append(tool)
        if tool in self.fails:
            raise Absent(f"{tool} failed: no")
        if "-o" in command:
            command[command.index("-o") + 1].write_bytes(b"library of " + tool.encode())

    def unpack(self, package, prefix):
        self.ran.append(package)
        target = self.work / (prefix + "norm.cuh" if prefix.endswith("/") else prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"file of " + package.encode())


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "my checkout"
    (root / "kernels").mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPO / "kernels" / "peers", root / "kernels" / "peers", ignore=ignore)
    return root


def test_builds_all_once(root):
    first = FakePeers(root)
    folder = first.build()
    assert folder == root / ".cache" / "peers"
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    libraries = [f"lib/lib{name}.so.xz" for name in ("flashinfer_peer", "quack_peer", "sgl_kernel_peer", "tvm_ffi")]
    assert files == [*libraries, "liger_kernel/ops/rms_norm.py", "packaging/__init__.py", "peers.json"]
    assert lzma.open(folder / "lib" / "libsgl_kernel_peer.so.xz").read() == b"file of sglang-kernel"
    about = json.loads((folder / "peers.json").read_text())["peers"]
    assert about["quack"] == {"version": "4.0"} and about["liger"] == {"version": "1.0"}
    assert not first.work.exists()
    second = FakePeers(root)
    second.build()
    assert "QuACK" in first.ran and second.ran == []


def test_changed_sources_are_built_again(root):
    FakePeers(root).build()
    source = root / "kernels/peers/build/quack_library.cpp"
    source.write_text(source.read_text() + "\n")
    again = FakePeers(root)
    again.build()
    assert "QuACK" in again.ran


def test_one_that_cannot_be_built_is_named_and_tried_again(root, capsys):
    folder = FakePeers(root, fails=["QuACK"]).build()
    assert "warning: quack is not packed: QuACK failed: no\n" in capsys.readouterr().err
    about = json.loads((folder / "peers.json").read_text())["peers"]
    assert about["quack"] == {"version": "4.0", "absent": "QuACK failed: no"}
    assert "absent" not in about["flashinfer"] and (folder / "lib" / "libflashinfer_peer.so.xz").exists()
    again = FakePeers(root)
    again.build()
    assert "QuACK" in again.ran and "absent" not in (folder / "peers.json").read_text()


def test_a_failed_compiler_s_own_words(root):
    real = Peers(root, FakeEnvironment(root))
    real.log.parent.mkdir(parents=True)
    real.log.write_text("error: of an earlier tool\n")
    with pytest.raises(Absent, match="nvcc failed: norm.cuh: error: no such thing; see "):
        real.run("nvcc", "sh", "-c", "echo note >&2; echo 'norm.cuh: error: no such thing' >&2; exit 2")


def test_one_file_of_a_wheel(root, monkeypatch):
    real = Peers(root, FakeEnvironment(root))
    (real.work / "wheels").mkdir(parents=True)
    with zipfile.ZipFile(real.work / "wheels" / "sglang_kernel-3.0-any.whl", "w") as wheel:
        wheel.writestr("sgl_kernel/sm90/common_ops.abi3.so", "x")
        wheel.writestr("sgl_kernel/flash_ops.abi3.so", "y")
    monkeypatch.setattr(peers, "run_logged", lambda command, log, keep_open=(): "sglang-kernel==3.0" in command)
    real.unpack("sglang-kernel", "sgl_kernel/sm90/common_ops.abi3.so")
    assert (real.work / "sgl_kernel/sm90/common_ops.abi3.so").read_text() == "x"
    assert not (real.work / "sgl_kernel/flash_ops.abi3.so").exists() and not list((real.work / "wheels").iterdir())


def test_a_bundle_gets_the_programs_without_their_tests(root, tmp_path):
    bundle = tmp_path / "bundle"
    size = peers.place(root, FakePeers(root).build(), bundle)
    assert 0 < size < 0.1
    names = {path.name for path in (bundle / "kernels" / "peers").iterdir()}
    assert {"measure.py", "replicate.py", "table.py", "peer_quack.py"} <= names
    assert not any(name.endswith("_test.py") for name in names) and not names & {"build", "conftest.py"}
    help_of = [sys.executable, bundle / "kernels/peers/measure.py", "--help"]
    done = subprocess.run(help_of, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("Usage: measure.py")
    shutil.copytree(REPO / "reports", bundle / "reports", ignore=shutil.ignore_patterns("tests", "examples"))  # as every bundle has it
    shown = subprocess.run([sys.executable, bundle / "kernels/peers/table.py", REPO / "baselines/h200/rms_norm.json"],
                           capture_output=True, text=True)  # fmt: skip
    assert shown.returncode == 0 and "ulp, exact" in shown.stdout
    code = "import packages; print(packages.find())"
    found = subprocess.run([sys.executable, "-c", code], cwd=bundle / "kernels" / "peers", capture_output=True, text=True)
    assert found.stdout == f"{bundle / 'peers'}\n"


def test_too_large_is_an_error(root, tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "LIMIT_MB", 1e-6)
    with pytest.raises(Failure, match="more than 1e-06: the largest file is"):
        peers.place(root, FakePeers(root).build(), tmp_path / "bundle")


@pytest.mark.parametrize("arguments", [["--peer"], ["--out"], ["--peers", "x"]])
def test_wrong_arguments(bare, arguments):
    result = bare.run("bundle", *arguments)
    said = "ci/bundle: the only arguments are --peers, --pair REVISION REVISION and --out DIR\n"
    assert (result.returncode, result.stderr) == (2, said)


def test_a_pair_has_no_peers(bare):
    result = bare.run("bundle", "--pair", ".", ".", "--peers")
    assert result.returncode == 2 and "--pair packs no peers" in result.stderr


def test_what_is_installed_is_pinned_whole():
    """quack imports these; packages are installed without their dependencies."""
    import tomllib

    pins = tomllib.loads((REPO / "pyproject.toml").read_text())["dependency-groups"]
    names = {entry.split("==")[0] for group in ("peers", "triton") for entry in pins[group] if isinstance(entry, str)}
    assert {"include-group": "triton"} in pins["peers"]
    wanted = {"apache-tvm-ffi", "einops", "nvidia-cutlass-dsl", "nvidia-cutlass-dsl-libs-cu13", "quack-kernels", "triton"}
    assert wanted <= names
    assert not names & {entry.split("==")[0] for entry in pins["peers-files"]}
