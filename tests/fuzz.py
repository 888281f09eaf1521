"""Both fuzzers: of the sandbox's decisions, then of the real account's fence."""

import sys

import fuzz_guard
import fuzz_sandbox

if __name__ == "__main__":
    sys.exit(max([fuzz_sandbox.main(), fuzz_guard.main()]))
