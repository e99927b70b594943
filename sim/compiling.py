"""How rules are compiled: numba, a cache that cannot run stale, and the special functions of the laws.

numba's own cache does not notice an edit in another file that a function calls. Ours stands in a folder named by a digest of
every source that is compiled, so an edited rule is always compiled anew.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba
import scipy
from numba import types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering
from numba.extending import get_cython_function_address, overload, register_jitable
from scipy import special

from sojourn.scenarios import laws

FIRST_TIME = "Compiling the engine for this machine: once, for about half a minute ..."
UNKEPT = "Compiling the engine: half a minute, and every time anew, as no cache can be kept (XDG_CACHE_HOME names its folder) ..."
FIRST = Lock()
F = TypeVar("F", bound=Callable[..., Any])
# Every file with compiled code, or with constants and table layouts that are compiled in (a test looks for missing ones).
SOURCES = (
    "arranging",
    "arriving",
    "compiled",
    "compiling",
    "counting",
    "coupled",
    "effects",
    "heap",
    "lines",
    "journeys",
    "leaving_out",
    "recording",
    "rules",
    "sorting",
    "streams",
    "tables",
    "timing",
)


def _special(name: str) -> None:
    """Let compiled code call a function of `scipy.special`, to the same last bit as Python does."""
    symbol = f"sojourn_{name}"
    llvmlite.binding.add_symbol(symbol, get_cython_function_address("scipy.special.cython_special", name))
    external = types.ExternalFunction(symbol, types.float64(types.float64, types.float64))

    def typed(a, x):  # type: ignore[no-untyped-def]  # numba compares signatures to the letter
        return lambda a, x: external(a, x)

    overload(getattr(special, name))(typed)


class _Lower(Lower):
    """numba's lowering, but for indices that count from the end: they would cost a comparison at every cell of a table."""

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        return super().lower_getitem(resty, expr, value, index, _from_the_start(signature))  # type: ignore[no-untyped-call]

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        signature = _from_the_start(signature)
        return super().lower_setitem(target_var, index_var, value_var, signature)  # type: ignore[no-untyped-call]


def _from_the_start(signature: Any) -> Any:
    """The same access to an array by unsigned indices."""
    array, index, *value = signature.args
    if isinstance(array, types.Array) and isinstance(index, types.Integer):
        index = types.uintp
    elif isinstance(array, types.Array) and isinstance(index, types.BaseTuple):
        index = types.Tuple([types.uintp if isinstance(one, types.Integer) else one for one in index])
    return signature.replace(args=(array, index, *value))


class _LowerApart(_Lower):
    """The same, and LLVM may not copy the function into its callers."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)  # type: ignore[no-untyped-call]
        self.function.attributes.add("noinline")


@register_pass(mutates_CFG=True, analysis_only=False)  # type: ignore[no-untyped-call]
class _Lowering(NativeLowering):
    _name = "native_lowering_from_the_start"

    @property
    def lowering_class(self) -> type[Lower]:
        return _Lower


@register_pass(mutates_CFG=True, analysis_only=False)  # type: ignore[no-untyped-call]
class _LoweringApart(NativeLowering):
    _name = "native_lowering_apart"

    @property
    def lowering_class(self) -> type[Lower]:
        return _LowerApart


class _Compiler(CompilerBase):
    """numba's own compiler, but for that."""

    lowering: Any = _Lowering

    def define_pipelines(self) -> list[Any]:
        builder: Any = DefaultPassBuilder.define_nopython_pipeline(self.state)  # type: ignore[no-untyped-call]
        builder.passes = [(self.lowering if one is NativeLowering else one, why) for one, why in builder.passes]
        builder.finalize()
        return [builder]


class _Apart(_Compiler):
    lowering = _LoweringApart


for _name in ("gammainc", "gammaincc", "gammainccinv", "gammaincinv"):
    _special(_name)
for _scalar in laws.APART:
    register_jitable(pipeline_class=_Apart, forceinline=False)(_scalar)
for _scalar in laws.INLINED:
    register_jitable(pipeline_class=_Compiler, forceinline=True)(_scalar)


@contextmanager
def patience_asked(what: str) -> Iterator[None]:
    """Say on stderr why it takes so long, where `what` has not been compiled on this machine before."""
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
            print(FIRST_TIME, file=sys.stderr, flush=True)
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


def compiled(function: F) -> F:
    """Compile a rule with numba, cached under the user's cache folder; without fastmath, so that engines agree to the bit."""
    return _compile(function, None)


def compiled_once(signature: str) -> Callable[[F], F]:
    """The same for one signature only: numba would otherwise compile anew for every constant that is passed."""
    return lambda function: _compile(function, signature, forceinline=True)


def allocating(function: F) -> F:
    """The same for what makes arrays. Whatever does not is spared numba's counting of references, half of the time of a rule."""
    return _compile(function, None, _nrt=True)


def apart(function: F) -> F:
    """The same for what is long or rare: LLVM would copy it into every caller, which makes compilation twice as long."""
    return _compile(function, None, pipeline_class=_Apart)


def inlined(function: F) -> F:
    """The same for what runs at every stay: it becomes part of each function that calls it."""
    return _compile(function, None, forceinline=True)


def _compile(function: F, signature: str | None, **more: Any) -> F:
    folder = cache_folder()
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "cache": folder is not None,
        "_nrt": False,
        "forceinline": False,
        "pipeline_class": _Compiler,
        **more,
    }
    config: Any = numba.config
    before = config.CACHE_DIR
    if folder is not None:
        config.CACHE_DIR = folder
    try:
        made: Any = numba.njit(signature, **options)(function)
        return cast(F, made)
    finally:
        config.CACHE_DIR = before
