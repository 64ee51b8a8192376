import doctest
import importlib
import pkgutil


def check_examples(case, tools):
    """Run the examples in the docstrings of all modules of an addon's ``tools``."""
    for found in pkgutil.iter_modules(tools.__path__, f"{tools.__name__}."):
        with case.subTest(found.name):
            module = importlib.import_module(found.name)
            result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
            case.assertFalse(result.failed)
