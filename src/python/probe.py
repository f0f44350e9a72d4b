"""Records the shapes of the attention calls that a Python program makes.

    python probe.py --out FILE [--] SCRIPT [ARGUMENT ...]
    python probe.py --out FILE -m MODULE [ARGUMENT ...]

The program runs as if the probe were not there. Of each attention call the probe notes sizes, dtype, device,
flags and the line it came from, never a tensor's values, and counts how often the same call came back. FILE is
JSON lines: a header, then one line for each distinct call. It is replaced as a whole, at most once a second and
when the program ends, however it ends. A child process writes its own file beside it, FILE with its process id.

Functions are wrapped when the module that defines them has been imported, so that the probe imports no framework
of its own and costs nothing outside attention calls. A TorchFunctionMode would see the same calls of PyTorch, but
it slows every operation down, holds for one thread, turns off the fast path of torch.nn.TransformerEncoder and
breaks torch.compile(fullgraph=True): it would record another run than the one asked for.

Needs Python 3.8 and nothing else.
"""

import atexit
import functools
import json
import os
import runpy
import sys
import threading
import time
import types

FORMAT = "attnprof-recording"
VERSION = 1

#: Distinct calls kept in all, and of one line. Calls past that are counted, not described.
MOST_CALLS = 4000
MOST_CALLS_OF_A_LINE = 400
LONGEST_TEXT = 400
MOST_ITEMS = 8
SECONDS_BETWEEN_WRITES = 1.0

OUT_VARIABLE = "ATTNPROF_PROBE_OUT"
MAIN_VARIABLE = "ATTNPROF_PROBE_MAIN"

_FLASH_FLAGS = "dropout_p causal window_size softcap alibi_slopes"
_FLASH_2 = "q k v dropout_p softmax_scale causal window_size softcap alibi_slopes deterministic return_attn_probs"
_FLASH_2_VARLEN = (
    "cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k dropout_p softmax_scale causal window_size softcap"
    " alibi_slopes deterministic return_attn_probs block_table"
)
_FLASH_2_PACKED = "dropout_p softmax_scale causal window_size softcap alibi_slopes deterministic return_attn_probs"
_FLASH_2_CACHE = (
    "q k_cache v_cache k v rotary_cos rotary_sin cache_seqlens cache_batch_idx cache_leftpad block_table"
    " softmax_scale causal window_size softcap rotary_interleaved alibi_slopes num_splits return_softmax_lse"
)
_FLASH_3 = (
    "q k v softmax_scale causal qv q_descale k_descale v_descale window_size attention_chunk softcap num_splits"
    " pack_gqa deterministic sm_margin"
)
_FLASH_3_VARLEN = (
    "q k v cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k seqused_q seqused_k softmax_scale causal qv"
    " q_descale k_descale v_descale window_size attention_chunk softcap num_splits pack_gqa deterministic sm_margin"
)
_FLASH_3_CACHE = (
    "q k_cache v_cache k v qv rotary_cos rotary_sin cache_seqlens cache_batch_idx cache_leftpad page_table"
    " cu_seqlens_q cu_seqlens_k_new max_seqlen_q rotary_seqlens q_descale k_descale v_descale softmax_scale causal"
    " window_size attention_chunk softcap"
)
_FLASH_4 = "q k v qv gather_kv_indices softmax_scale causal window_size learnable_sink softcap num_splits pack_gqa"
_MHA = (
    "query key value embed_dim_to_check num_heads in_proj_weight in_proj_bias bias_k bias_v add_zero_attn dropout_p"
    " out_proj_weight out_proj_bias training key_padding_mask need_weights attn_mask use_separate_proj_weight"
    " q_proj_weight k_proj_weight v_proj_weight static_k static_v average_attn_weights is_causal"
)
_MEMORY_EFFICIENT = ("xformers.memory_efficient_attention", "query key value attn_bias p scale op",
                     "query key value", "attn_bias p scale")
_FLASH_3_MODULE = {
    "flash_attn_func": ("flash_attn3.func", _FLASH_3, "q k v", "softmax_scale causal window_size softcap"),
    "flash_attn_varlen_func": (
        "flash_attn3.varlen_func", _FLASH_3_VARLEN, "q k v",
        "cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k softmax_scale causal window_size softcap"),
    "flash_attn_with_kvcache": (
        "flash_attn3.with_kvcache", _FLASH_3_CACHE, "q k_cache v_cache k v",
        "cache_seqlens page_table cu_seqlens_q max_seqlen_q softmax_scale causal window_size softcap"),
}

#: Module -> attribute -> (name in the recording, order of the parameters, tensors, flags). A row is all that
#: another function takes; the reader of recordings has a row of the same name with the layout.
FUNCTIONS = {
    "torch.nn.functional": {
        "scaled_dot_product_attention": (
            "torch.scaled_dot_product_attention",
            "query key value attn_mask dropout_p is_causal scale enable_gqa",
            "query key value", "attn_mask dropout_p is_causal scale enable_gqa"),
        "multi_head_attention_forward": (
            "torch.multi_head_attention_forward", _MHA, "query key value",
            "num_heads dropout_p training key_padding_mask attn_mask is_causal bias_k add_zero_attn"),
    },
    "torch.nn.attention.flex_attention": {
        "flex_attention": (
            "torch.flex_attention", "query key value score_mod block_mask scale enable_gqa return_lse kernel_options",
            "query key value", "score_mod block_mask scale enable_gqa"),
    },
    "torch.nn.attention.varlen": {
        "varlen_attn": (
            "torch.varlen_attn", "query key value cu_seq_q cu_seq_k max_q max_k", "query key value",
            "cu_seq_q cu_seq_k max_q max_k is_causal scale window_size"),
    },
    "flash_attn.flash_attn_interface": {
        "flash_attn_func": ("flash_attn.func", _FLASH_2, "q k v", "softmax_scale " + _FLASH_FLAGS),
        "flash_attn_qkvpacked_func": (
            "flash_attn.qkvpacked_func", "qkv " + _FLASH_2_PACKED, "qkv", "softmax_scale " + _FLASH_FLAGS),
        "flash_attn_kvpacked_func": (
            "flash_attn.kvpacked_func", "q kv " + _FLASH_2_PACKED, "q kv", "softmax_scale " + _FLASH_FLAGS),
        "flash_attn_varlen_func": (
            "flash_attn.varlen_func", "q k v " + _FLASH_2_VARLEN, "q k v",
            "cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k block_table softmax_scale " + _FLASH_FLAGS),
        "flash_attn_varlen_qkvpacked_func": (
            "flash_attn.varlen_qkvpacked_func", "qkv cu_seqlens max_seqlen " + _FLASH_2_PACKED, "qkv",
            "cu_seqlens max_seqlen softmax_scale " + _FLASH_FLAGS),
        "flash_attn_varlen_kvpacked_func": (
            "flash_attn.varlen_kvpacked_func", "q kv " + _FLASH_2_VARLEN, "q kv",
            "cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k softmax_scale " + _FLASH_FLAGS),
        "flash_attn_with_kvcache": (
            "flash_attn.with_kvcache", _FLASH_2_CACHE, "q k_cache v_cache k v",
            "cache_seqlens block_table softmax_scale causal window_size softcap alibi_slopes"),
    },
    "flash_attn_interface": _FLASH_3_MODULE,
    "flash_attn_3.flash_attn_interface": _FLASH_3_MODULE,
    "flash_attn.cute.interface": {
        "flash_attn_func": (
            "flash_attn4.func", _FLASH_4, "q k v", "softmax_scale causal window_size learnable_sink softcap"),
    },
    "xformers.ops.fmha": {"memory_efficient_attention": _MEMORY_EFFICIENT},
    "mslk.attention.fmha": {"memory_efficient_attention": _MEMORY_EFFICIENT},
    "jax._src.nn.functions": {
        "dot_product_attention": (
            "jax.dot_product_attention", "query key value bias mask", "query key value",
            "bias mask scale is_causal query_seq_lengths key_value_seq_lengths local_window_size"),
    },
}

#: Operators in the namespace of torch itself, which torch.nn modules look up there at every call.
TORCH_OPERATORS = {
    "_native_multi_head_attention": (
        "torch.native_multi_head_attention",
        "query key value embed_dim num_head qkv_weight qkv_bias proj_weight proj_bias mask need_weights"
        " average_attn_weights mask_type",
        "query key value", "num_head mask"),
    "_transformer_encoder_layer_fwd": (
        "torch.transformer_encoder_layer",
        "src embed_dim num_heads qkv_weight qkv_bias proj_weight proj_bias use_gelu norm_first eps norm_weight_1"
        " norm_bias_1 norm_weight_2 norm_bias_2 ffn_weight_1 ffn_bias_1 ffn_weight_2 ffn_bias_2 mask mask_type",
        "src", "num_heads mask"),
}


class Recorder:
    """Counts distinct calls, in bounded memory, and writes them down."""

    def __init__(self, out):
        self.out = out
        self.program = ""
        self.state = "running"
        self.started = time.time()
        self.calls = {}
        self.of_line = {}
        self.dropped = 0
        self.unread = 0
        self.compiled = 0
        self.lock = threading.RLock()
        self.pid = os.getpid()
        self.next_write = 0.0

    def count(self, key, describe):
        """Adds one to the call named by `key`; `describe` gives its line of the file when it is new."""
        with self.lock:
            entry = self.calls.get(key)
            if entry is not None:
                entry[1] += 1
            else:
                line = key[:4]
                of_line = self.of_line.get(line, 0)
                if len(self.calls) >= MOST_CALLS or of_line >= MOST_CALLS_OF_A_LINE:
                    self.dropped += 1
                else:
                    text = json.dumps(describe(key), separators=(",", ":"), allow_nan=False)
                    self.calls[key] = [text, 1]
                    self.of_line[line] = of_line + 1
            if time.monotonic() >= self.next_write:
                self.write()

    def write(self):
        """Replaces the file. A disk that is full or gone must not end the program that is watched."""
        with self.lock:
            started = time.monotonic()
            is_main = os.environ.get(MAIN_VARIABLE) == str(self.pid)
            if self.calls or is_main:
                root, extension = os.path.splitext(self.out)
                path = self.out if is_main else "%s.%d%s" % (root, self.pid, extension)
                try:
                    with open(path + ".part", "w", encoding="utf-8") as file:
                        file.write(self.text())
                    os.replace(path + ".part", path)
                except OSError:
                    pass
            spent = time.monotonic() - started
            # Slow disks are written to less often: never more than a fiftieth of the time.
            self.next_write = time.monotonic() + max(SECONDS_BETWEEN_WRITES, 50 * spent)

    def text(self):
        header = {
            "format": FORMAT,
            "version": VERSION,
            "state": self.state,
            "program": self.program[:LONGEST_TEXT],
            "python": "%d.%d.%d" % sys.version_info[:3],
            "process": self.pid,
            "startedAt": self.started,
            "seconds": round(time.time() - self.started, 3),
            "frameworks": versions(),
            "dropped": self.dropped,
            "unread": self.unread,
            "compiled": self.compiled,
        }
        rank = os.environ.get("RANK", "")
        if rank.isdigit() and len(rank) < 7:
            header["rank"] = int(rank)
        lines = [json.dumps(header, separators=(",", ":"))]
        # The count goes in front, so that what never changes is encoded once.
        lines.extend('{"count":%d,%s' % (entry[1], entry[0][1:]) for entry in self.calls.values())
        return "\n".join(lines) + "\n"

    def after_fork(self):
        """A forked child starts from zero, with a lock that no other thread holds, and a file of its own."""
        self.lock = threading.RLock()
        self.pid = os.getpid()
        self.calls = {}
        self.of_line = {}
        self.dropped = self.unread = 0
        self.started = time.time()
        self.next_write = 0.0

    def finish(self):
        if self.state == "running":
            self.state = "ended"
        self.write()


def versions():
    """Versions of the frameworks that the program has imported."""
    found = {}
    for name in ("torch", "flash_attn", "xformers", "jax"):
        module = sys.modules.get(name)
        version = getattr(module, "__version__", None)
        if version is not None:
            found[name] = str(version)[:40]
    return found


def facts(value):
    """What may be known of an argument, hashable; never a tensor's values."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is int or kind is float:
        return value
    if kind is str:
        return value[:LONGEST_TEXT]
    if kind is tuple or kind is list:
        return tuple(facts(item) for item in value[:MOST_ITEMS])
    shape = getattr(value, "shape", None)
    if shape is not None and getattr(value, "dtype", None) is not None:
        return tensor_facts(value)
    return ("type", kind.__name__)


def tensor_facts(value):
    """Shape, dtype and device of a tensor. A size that is a symbol of a tracer is no size: TypeError."""
    shape = tuple(value.shape)
    for size in shape:
        if type(size) is not int:
            raise TypeError("a symbolic size")
    return ("tensor", shape, value.dtype, device_of(value))


def device_of(value):
    # A jax.Array has a `device` too, which under a tracer is not to be had.
    try:
        return value.device
    except Exception:
        return None


def written(value):
    """`facts` as JSON writes them."""
    if isinstance(value, tuple):
        if len(value) == 4 and value[0] == "tensor":
            dtype = str(value[2]).replace("torch.", "")[:40]
            # An array of JAX names a device by its index alone, a tensor of PyTorch by kind and index.
            device = None if value[3] is None else str(getattr(value[3], "platform", value[3])).lower()[:40]
            return {"shape": list(value[1]), "dtype": dtype, "device": device}
        if len(value) == 2 and value[0] == "type":
            return {"type": value[1][:LONGEST_TEXT]}
        return [written(item) for item in value]
    if isinstance(value, float) and not (-1e308 < value < 1e308):
        return {"type": "float"}
    if isinstance(value, int) and not isinstance(value, bool) and not (-(2**53) < value < 2**53):
        return {"type": "int"}
    return value


_here = os.path.dirname(os.path.abspath(__file__))
_standard_library = os.path.dirname(os.path.abspath(os.__file__))
#: Frames of these are neither the call nor what led to it.
_frameworks = ("torch", "flash_attn", "flash_attn_3", "flash_attn_interface.py", "xformers", "mslk", "jax", "jaxlib")


@functools.lru_cache(maxsize=4096)
def place_of(filename):
    """'user' for code of the user, 'library' for installed packages, 'framework' for what is to be skipped."""
    if filename.startswith("<"):
        return "framework"
    path = os.path.abspath(filename)
    parts = path.replace("\\", "/").split("/")
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            package = parts[parts.index(folder) + 1]
            return "framework" if package in _frameworks else "library"
    if path.startswith(_here + os.sep) or path.startswith(_standard_library + os.sep):
        return "framework"
    return "user"


@functools.lru_cache(maxsize=4096)
def full_path(filename):
    return os.path.abspath(filename)[: 4 * LONGEST_TEXT]


def callers(frame):
    """(file, line, via file, via line): the innermost line of the user, and the library's line that it led to."""
    via = None
    while frame is not None:
        place = place_of(frame.f_code.co_filename)
        if place == "user":
            return (frame.f_code.co_filename, frame.f_lineno) + (via or (None, None))
        if place == "library" and via is None:
            via = (frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return (via or (None, None)) + (None, None)


_local = threading.local()


def never(_=None):
    return False


def wrapped(original, row, recorder, is_tracing, is_batched=never, namespace=None):
    """`original`, with each call noted before it runs, unless it comes from within another noted call."""
    api, parameters, tensors, flags = row
    order = tuple(parameters.split())
    tensor_names = tuple(tensors.split())
    flag_names = tuple(flags.split())
    local = _local

    def note(arguments, named):
        try:
            given = dict(zip(order, arguments))
            given.update(named)
            place = callers(sys._getframe(2))
            if place[0] is None:
                return
            key = place + (api,)
            for name in tensor_names:
                tensor = given.get(name)
                if is_batched(tensor):
                    raise TypeError("inside of vmap a tensor hides its batch")
                key += (None if tensor is None else tensor_facts(tensor),)
            key += tuple([facts(given.get(name)) for name in flag_names])
            recorder.count(key, describe)
        except Exception:
            recorder.unread += 1

    def describe(key):
        file, line, via_file, via_line = key[:4]
        tensors = key[5 : 5 + len(tensor_names)]
        flags = key[5 + len(tensor_names) :]
        described = {"file": full_path(file), "line": line, "api": api}
        if via_file is not None:
            described["via"] = {"file": full_path(via_file), "line": via_line}
        described["tensors"] = {name: written(value) for name, value in zip(tensor_names, tensors) if value is not None}
        described["flags"] = {name: written(value) for name, value in zip(flag_names, flags) if value is not None}
        return described

    def recorded(*arguments, **named):
        if is_tracing() or getattr(local, "inside", False):
            return original(*arguments, **named)
        note(arguments, named)
        local.inside = True
        try:
            return original(*arguments, **named)
        finally:
            local.inside = False

    if namespace is not None:
        # TorchScript compiles the source of the original with the names that this function can see.
        recorded = types.FunctionType(recorded.__code__, namespace, "recorded", None, recorded.__closure__)
    try:
        functools.update_wrapper(recorded, original)
    except Exception:
        recorded.__wrapped__ = original
    recorded.__attention_row__ = row
    return recorded


def is_batched_by_jax(value):
    return type(value).__name__ == "BatchTracer"


def torch_batch_test(torch):
    """Tells a tensor inside of torch.func.vmap, which shows the sizes of one element of its batch."""
    test = getattr(getattr(torch._C, "_functorch", None), "is_batchedtensor", None)
    return never if test is None else lambda value: value is not None and test(value)


class Patches:
    """Wraps the functions of a module right after it has been imported."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.is_tracing = self.is_batched = never
        self.targets = set(FUNCTIONS) - {"torch.nn.functional"} | {"torch", "multiprocessing.util"}

    def install(self):
        sys.meta_path.insert(0, self)
        for name in sorted(self.targets):
            if name in sys.modules:
                self.patch(name, sys.modules[name])

    def find_spec(self, name, path=None, target=None):
        """The spec that the other finders give, its loader told to patch the module once it has run."""
        if name not in self.targets:
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = None if finder is self or find is None else find(name, path, target)
            if spec is not None:
                self.patch_after(spec.loader, name)
                return spec
        return None

    def patch_after(self, loader, name):
        run = getattr(loader, "exec_module", None)
        if run is None:
            return

        def run_and_patch(module):
            run(module)
            self.patch(name, module)

        try:
            loader.exec_module = run_and_patch
        except AttributeError:
            pass

    def patch(self, name, module):
        """Never raises: a framework of another age is left as it is."""
        try:
            if name == "multiprocessing.util":
                # A forked worker leaves without running what atexit holds.
                recorder = self.recorder
                finalize = module.Finalize
                module.register_after_fork(recorder, lambda _: finalize(None, recorder.finish, exitpriority=-100))
                return
            if name == "torch":
                self.patch_torch(module)
            for attribute, row in FUNCTIONS.get(name, {}).items():
                self.wrap(module, attribute, row, in_torch=name.startswith("torch."))
        except Exception:
            self.recorder.unread += 1

    def wrap(self, module, attribute, row, in_torch):
        original = getattr(module, attribute, None)
        if original is None or hasattr(original, "__attention_row__"):
            return None
        if in_torch:
            namespace = getattr(original, "__globals__", None)
            replacement = wrapped(original, row, self.recorder, self.is_tracing, self.is_batched, namespace)
        else:
            replacement = wrapped(original, row, self.recorder, never, is_batched_by_jax)
        # Where pickle looks it up again.
        replacement.__module__, replacement.__qualname__ = module.__name__, attribute
        setattr(module, attribute, replacement)
        return replacement

    def patch_torch(self, torch):
        # Inside torch.compile, torch.export and torch.jit.trace Python runs on symbols: nothing to note there.
        is_compiling = getattr(getattr(torch, "compiler", None), "is_compiling", never)
        is_traced = torch.jit.is_tracing
        self.is_tracing = lambda: is_compiling() or is_traced()
        self.is_batched = torch_batch_test(torch)
        for module, rows in ((torch, TORCH_OPERATORS), (torch.nn.functional, FUNCTIONS["torch.nn.functional"])):
            for attribute, row in rows.items():
                replacement = self.wrap(module, attribute, row, in_torch=True)
                operator = torch.jit._builtins._find_builtin(getattr(replacement, "__wrapped__", None))
                if operator is not None:
                    # TorchScript knows operators by the identity of their function.
                    torch.jit._builtins._register_builtin(replacement, operator)
        if hasattr(torch, "compile"):
            self.patch_compile(torch)

    def patch_compile(self, torch):
        """A compiled attention function is noted from outside; what else is compiled is counted and said."""
        original, recorder = torch.compile, self.recorder

        def compile(model=None, *arguments, **named):
            row = getattr(model, "__attention_row__", None)
            if row is not None:
                compiled = original(model.__wrapped__, *arguments, **named)
                return wrapped(compiled, row, recorder, self.is_tracing, self.is_batched)
            if model is not None and not getattr(_local, "inside", False):
                recorder.compiled += 1
            return original(model, *arguments, **named)

        torch.compile = functools.update_wrapper(compile, original)


def install(out):
    """Starts recording in this process. Returns the recorder."""
    recorder = Recorder(out)
    Patches(recorder).install()
    atexit.register(recorder.finish)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=recorder.after_fork)
    return recorder


USAGE = "usage: probe.py --out FILE [--] SCRIPT [ARGUMENT ...]\n       probe.py --out FILE -m MODULE [ARGUMENT ...]"


def parse(arguments):
    """(out, is a module, program, its arguments), or None where the command line is wrong."""
    if len(arguments) < 3 or arguments[0] != "--out":
        return None
    out, rest = arguments[1], arguments[2:]
    is_module = rest[0] == "-m"
    if is_module or rest[0] == "--":
        rest = rest[1:]
    return (out, is_module, rest[0], rest[1:]) if rest else None


def run_module(name, arguments):
    sys.path[0] = os.getcwd()
    sys.argv = [name] + arguments
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run_script(path, arguments):
    """As `python PATH` does: the script is the module __main__, its folder the first of sys.path."""
    sys.argv = [path] + arguments
    if os.path.isdir(path):
        runpy.run_path(path, run_name="__main__")
        return
    full = os.path.abspath(path)
    with open(full, "rb") as file:
        code = compile(file.read(), full, "exec", dont_inherit=True)
    sys.path[0] = os.path.dirname(full)
    module = types.ModuleType("__main__")
    module.__file__ = full
    module.__builtins__ = __builtins__
    module.__annotations__ = {}
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def without_probe(trace):
    """A traceback from the first frame that is not of the probe or of runpy."""
    while trace is not None and place_of(trace.tb_frame.f_code.co_filename) == "framework":
        trace = trace.tb_next
    return trace


def main():
    parsed = parse(sys.argv[1:])
    if parsed is None:
        print(USAGE, file=sys.stderr)
        return 2
    out, is_module, program, arguments = parsed
    if not is_module and not os.path.exists(program):
        print("probe.py: there is no file %s" % program, file=sys.stderr)
        return 2
    out = os.path.abspath(out)
    os.environ[OUT_VARIABLE] = out
    os.environ[MAIN_VARIABLE] = str(os.getpid())
    paths = [os.path.join(_here, "site"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    # The program becomes __main__; this module stays alive under another name.
    sys.modules["_attention_probe"] = sys.modules["__main__"]
    recorder = install(out)
    recorder.program = ("-m " if is_module else "") + program
    try:
        (run_module if is_module else run_script)(program, arguments)
    except SystemExit:
        raise
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        recorder.state = "interrupted" if interrupted else "failed"
        error = error.with_traceback(without_probe(error.__traceback__))
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if interrupted else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
