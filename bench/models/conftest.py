def pytest_addoption(parser):
    parser.addoption("--forward-once", help="the built forward_once program")
