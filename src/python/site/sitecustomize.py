"""Starts the probe in the Python children of a program that is recorded.

The probe puts this folder in front of PYTHONPATH; Python imports `sitecustomize` when it starts. One that the
environment has of its own is imported afterwards, as if this one were not there.
"""

import importlib.util
import os
import sys

_folder = os.path.dirname(os.path.abspath(__file__))


def _start():
    out = os.environ.get("ATTNPROF_PROBE_OUT")
    if not out or os.environ.get("ATTNPROF_PROBE_MAIN") == str(os.getpid()):
        return
    path = os.path.join(os.path.dirname(_folder), "probe.py")
    spec = importlib.util.spec_from_file_location("_attention_probe", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["_attention_probe"] = module
    spec.loader.exec_module(module)
    recorder = module.install(out)
    recorder.program = " ".join(getattr(sys, "argv", [])[:1])


def _import_the_other():
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != _folder]
    this = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError:
        if this is not None:
            sys.modules["sitecustomize"] = this


try:
    _start()
except Exception:
    # A child must run even where it cannot be watched.
    pass
_import_the_other()
