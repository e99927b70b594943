"""How rules are compiled: numba, a cache that cannot run stale, and the special functions of the laws.

numba's own cache does not notice an edit in another file that a function calls. Ours stands in a folder named by a digest of
every source that is compiled, so an edited rule is always compiled anew.
"""

import hashlib
import math
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock, RLock
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba
import scipy
from numba import types
from numba.extending import get_cython_function_address, overload, register_jitable
from scipy import special
from scipy.special import cython_special

from sojourn.scenarios import laws
from sojourn.sim.beside import beside
from sojourn.sim.lowering import Apart, FromTheStart, Inlined

FIRST_TIME = "Compiling the engine for {which}: once on this machine, for some ten to fifteen seconds ..."
ENGINES = {  # kernels of their own, each compiled where it is first wanted: most people need one of them for long
    "compete": "journeys with service desks or a finite market",
    "follow": "journeys without service desks or a finite market",
}
UNKEPT = "Compiling the engine: fifteen seconds, every time anew, as no cache can be kept (XDG_CACHE_HOME names its folder) ..."
WRITER = secrets.token_hex(4)  # of this process
FIRST = Lock()
FOLDER = RLock()  # numba reads the folder of its cache from one place, and threads load modules at the same time
F = TypeVar("F", bound=Callable[..., Any])
# Every file with compiled code, or with constants and table layouts that are compiled in (a test looks for missing ones).
SOURCES = (
    "arranging",
    "arriving",
    "asking",
    "beside",
    "booking",
    "choosing",
    "compiled",
    "compiling",
    "counting",
    "coupled",
    "effects",
    "heap",
    "lines",
    "lowering",
    "journeys",
    "leaving_out",
    "memory",
    "openly",
    "recording",
    "resuming",
    "rules",
    "sharing",
    "sorting",
    "streams",
    "tables",
    "timing",
)


def _special(name: str) -> None:
    """Let compiled code call a function of `scipy.special`, to the same last bit as Python does."""
    external = types.ExternalFunction(_symbol(name), types.float64(types.float64, types.float64))

    def typed(a, x):  # type: ignore[no-untyped-def]  # numba compares signatures to the letter
        return lambda a, x: external(a, x)

    overload(getattr(special, name))(typed)


def _special_of_three(name: str) -> None:
    """The same for a function of three numbers."""
    external = types.ExternalFunction(_symbol(name), types.float64(types.float64, types.float64, types.float64))

    def typed(a, b, x):  # type: ignore[no-untyped-def]
        return lambda a, b, x: external(a, b, x)

    overload(getattr(special, name))(typed)


def _symbol(name: str) -> str:
    """Make the double-precision form of a function known to LLVM; scipy keeps several where there is one for floats too."""
    known: dict[str, object] = cython_special.__pyx_capi__
    forms = (name, f"__pyx_fuse_0{name}", f"__pyx_fuse_1{name}")
    form = next(form for form in forms if '"double (double' in repr(known.get(form)))
    symbol = f"sojourn_{name}"
    llvmlite.binding.add_symbol(symbol, get_cython_function_address("scipy.special.cython_special", form))
    return symbol


# One set of options for all that only kernels call, as numba compares sets whenever it looks a function up.
INNER: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "no_cfunc_wrapper": True,
    "no_cpython_wrapper": True,
}

for _name in ("gammainc", "gammaincc", "gammainccinv", "gammaincinv"):
    _special(_name)
_special_of_three("betaincinv")
# Where plain Python has to catch an error, compiled code has infinity by itself: to look first would cost every draw.
_within: Any = {**INNER, "pipeline_class": Inlined}
overload(laws.risen, jit_options=_within)(lambda power: lambda power: math.exp(power))
overload(laws.raised, jit_options=_within)(lambda base, power: lambda base, power: base**power)
for _apart in laws.APART:
    register_jitable(**INNER, pipeline_class=Apart)(_apart)
for _inlined in laws.INLINED:
    register_jitable(**INNER, pipeline_class=Inlined)(_inlined)


@contextmanager
def patience_asked(what: str) -> Iterator[None]:
    """Say on stderr why it takes so long, where `what`, one of ENGINES, has not been compiled on this machine before."""
    folder = cache_folder()
    if folder is None:  # said already
        yield
        return
    mark = Path(folder) / f"{what}.done"
    if mark.exists():
        yield
        return
    with FIRST:  # one thread compiles, and says so; the others wait for it
        if not mark.exists():
            print(FIRST_TIME.format(which=ENGINES[what]), file=sys.stderr, flush=True)
            with beside(folder):
                yield
        else:
            yield
        with suppress(OSError):
            mark.touch()


@cache
def cache_folder() -> str | None:
    """Where compiled rules are kept, None where nothing can be written."""
    digest = hashlib.sha256(f"{numba.__version__} {scipy.__version__} {sys.version}".encode())
    here = Path(__file__).resolve().parent
    for source in (*(here / f"{name}.py" for name in SOURCES), Path(laws.__file__)):
        digest.update(source.read_bytes())
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(base) / "sojourn" / digest.hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, RuntimeError):
        print(UNKEPT, file=sys.stderr, flush=True)
        return None
    return str(folder)


def kernel(function: F) -> F:
    """What Python calls: compiled with numba and kept; without fastmath, so that engines agree to the bit."""
    return _compile(function, None)


def allocating(function: F) -> F:
    """The same for what makes arrays. Whatever does not is spared numba's counting of references, half of the time of a rule."""
    return _compile(function, None, _nrt=True)


def compiled_once(signature: str) -> Callable[[F], F]:
    """The same for one signature only: numba would otherwise compile anew for every constant that is passed."""
    return lambda function: _compile(function, signature, pipeline_class=Inlined)


def compiled(function: F) -> F:
    """What only kernels call, as part of each: it is spared what lets Python call it, a fifth of the time of compilation."""
    return _compile(function, None, inner=True)


def within_kernels(function: F) -> F:
    """The same for what makes arrays, which is part of kernels that do."""
    return _compile(function, None, inner=True, _nrt=True)


def apart(function: F) -> F:
    """The same for what is long or rare: LLVM would copy it into every caller, which makes compilation twice as long."""
    return _compile(function, None, inner=True, pipeline_class=Apart)


def inlined(function: F) -> F:
    """The same for what runs at every stay: it becomes part of each function that calls it."""
    return _compile(function, None, inner=True, pipeline_class=Inlined)


def from_python(inner: F) -> F:
    """A kernel of its own for what otherwise only kernels call."""
    python: Any = inner
    return _compile(cast(F, python.py_func), None, _nrt=python.targetoptions["_nrt"])


def _compile(function: F, signature: str | None, *, inner: bool = False, **more: Any) -> F:
    config: Any = numba.config
    with FOLDER:
        folder = None if inner else cache_folder()
        options = {
            "pipeline_class": FromTheStart,
            "cache": folder is not None,
            **INNER,
            "no_cpython_wrapper": inner,
            **more,
        }
        before = config.CACHE_DIR
        if folder is not None:
            config.CACHE_DIR = folder
        try:
            made: Any = numba.njit(signature, **options)(function)
        finally:
            config.CACHE_DIR = before
    if inner:
        _keep_from_python(made)
    elif folder is not None and signature is None:
        _name_files_apart(made)
    return cast(F, made)


def _name_files_apart(made: Any) -> None:
    """Let no two processes write a file of the same name.

    numba counts a function's files from 1. Where two processes compile it at the same time for different kinds of arguments,
    both write the first, and what the index of the one calls its own may be the other's. (An index names a file, and is
    replaced as a whole: if one of the two is lost, so is a file, and what was in it is compiled anew.)
    """
    file = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if file is None:  # numba is told not to compile
        return
    file._data_name_pattern = file._data_name_pattern.replace(".{number", f".{WRITER}.{{number")


def _keep_from_python(made: Any) -> None:
    """Refuse calls from Python, which numba would let crash."""

    def add_overload(compiled: Any) -> None:  # not into the table that calls from Python look into
        made.overloads[tuple(compiled.signature.args)] = compiled

    def refuse(*_: Any, **__: Any) -> None:
        raise TypeError(
            f"{made.py_func.__name__} is for compiled code; `compiling.from_python` makes one that Python can call"
        )

    made.add_overload, made._compile_for_args = add_overload, refuse
