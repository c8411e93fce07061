"""Hostile bytes in a soak: a fuzzer that sees which code runs, under the address sanitizer, a minute a slice."""

import re
import shutil
import subprocess

TEST = "HostilePickles.Guided"
SECONDS = 60  # of a slice
COMPILERS = [f"clang++-{version}" for version in range(21, 15, -1)] + ["clang++"]
ROOT_NAMES = ("conformance", "fuzz", "corpus", "pickle.hex")


def compiler():
    """The newest clang here, or None."""
    return next((name for name in COMPILERS if shutil.which(name)), None)


def build(root, directory):
    """The folder of the two programs, up to date."""
    if not (directory / "CMakeCache.txt").exists():
        subprocess.run(["cmake", "--preset", "asan-ubsan", "-B", directory, f"-DCMAKE_CXX_COMPILER={compiler()}"], cwd=root, check=True)
    subprocess.run(["cmake", "--build", directory, "--target", "pickle_libfuzzer", "pickle_fuzz"], cwd=root, check=True)
    return directory / "conformance" / "fuzz"


def found(root, directory):
    """The fuzzer, or None: no clang is here, or one without the fuzzer's library."""
    if not compiler():
        return None
    try:
        return Fuzzer(root, directory)
    except subprocess.CalledProcessError as error:
        print(f"no fuzzer: {' '.join(map(str, error.cmd))} ended with {error.returncode}", flush=True)
        return None


class Fuzzer:
    """Of pickles. What it finds worth keeping stays in build/fuzz, and goes to the corpus with kept()."""

    def __init__(self, root, directory):
        self.corpus, self.found = root.joinpath(*ROOT_NAMES), directory / "found"
        self.programs = build(root, directory)
        subprocess.run([self.programs / "pickle_fuzz", "--write", self.found, self.corpus], check=True)

    def command(self, seed):
        limits = ("-max_len=512", "-malloc_limit_mb=64", "-timeout=20", f"-max_total_time={SECONDS}")
        said = (f"-seed={seed % (1 << 32)}", "-print_final_stats=1", f"-artifact_prefix={self.found.parent}/")
        return [self.programs / "pickle_libfuzzer", *limits, *said, self.found]

    def environment(self):
        return {"ASAN_OPTIONS": "max_allocation_size_mb=64"}

    def lines(self, log, seconds):
        """What its output says that it has tried, as a property would report it."""
        said = re.search(r"number_of_executed_units:\s*(\d+)", log)
        return [{"what": "inputs", "count": int(said[1]), "seconds": seconds}] if said else []

    def kept(self):
        """Writes the corpus anew: the fewest inputs that reach what all of them do."""
        fewest = self.found.with_name("fewest")
        shutil.rmtree(fewest, ignore_errors=True)
        fewest.mkdir()
        command = [self.programs / "pickle_libfuzzer", "-merge=1", "-max_len=512", "-malloc_limit_mb=64", fewest, self.found]
        subprocess.run(command, check=True, capture_output=True)
        inputs = sorted((file.read_bytes() for file in fewest.iterdir()), key=lambda each: (len(each), each))
        self.corpus.write_text("".join(each.hex() + "\n" for each in inputs if each))
        return len(inputs)
