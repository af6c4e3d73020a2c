def pytest_addoption(parser):
    parser.addoption("--forward-once", help="the built forward_once program")
    parser.addoption("--print-sigmas", help="the built print_sigmas program")
