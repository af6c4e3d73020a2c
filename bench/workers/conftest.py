def pytest_addoption(parser):
    parser.addoption("--stamps", help="the built libbench_stamps.so")
