"""How numba compiles our functions: as it does others, but for what costs time, when they run or when they are compiled."""

from types import MappingProxyType
from typing import Any

from numba import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import register_pass
from numba.core.environment import lookup_environment
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

ENVIRONMENT = "_ZN08NumbaEnv"  # what numba calls the pointers to the modules of functions, in compiled code


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
        kinds: Any = index
        index = types.Tuple([types.uintp if isinstance(one, types.Integer) else one for one in kinds])  # type: ignore[no-untyped-call]
    return signature.replace(args=(array, index, *value))


class _LowerApart(_Lower):
    """The same, and LLVM may not copy the function into its callers."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)  # type: ignore[no-untyped-call]
        self.function.attributes.add("noinline")


class _LowerInlined(_Lower):
    """The same, and LLVM must copy it."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)  # type: ignore[no-untyped-call]
        self.function.attributes.add("alwaysinline")


class _Unloaded:
    """numba's code generator for what stays LLVM's code: no machine code is made of it, which is nowhere to be found."""

    def __init__(self, codegen: Any) -> None:
        self._generator = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generator, name)

    def _add_module(self, module: Any) -> None:
        """Do not load it."""

    def set_env(self, name: str, environment: Any) -> None:
        """Leave that to the kernel: see `_Kernel`."""


class _Inner(JITCodeLibrary):
    """The code of a function that only compiled code calls, as it goes into each kernel.

    numba would turn it into machine code by itself, and once more as a part of every function that calls it, and of all that
    call those: a fifth of the time of compilation. It is optimised, once where numba does it twice: left to the kernel, which
    is optimised as a whole, it would run a twentieth slower.
    """

    def _optimize_final_module(self) -> None:
        library: Any = self
        made = library._codegen._module_pass_manager()
        if isinstance(made, tuple):
            passes, builder = made
            passes.run(library._final_module, builder)
        else:  # numba 0.62 and before
            made.run(library._final_module)

    def _finalize_specific(self) -> None:
        pass


class _Kernel(JITCodeLibrary):
    """The code of a function that Python calls, with all that it calls."""

    def _finalize_specific(self) -> None:
        super()._finalize_specific()  # type: ignore[no-untyped-call]
        library: Any = self
        for name in [one.name for one in library._final_module.global_variables if one.name.startswith(ENVIRONMENT)]:
            environment = lookup_environment(name)  # type: ignore[no-untyped-call]
            if environment is not None:
                library.codegen.set_env(name, environment)


def _lowering(lower: type[Lower]) -> Any:
    """The pass of numba's compiler that lowers, by a way of ours."""

    class Lowering(NativeLowering):
        _name = f"native_lowering{lower.__name__}"

        @property
        def lowering_class(self) -> type[Lower]:
            return lower

        def run_pass(self, state: Any) -> bool:
            generator, name = state.targetctx.codegen(), state.func_id.func_qualname
            if state.flags.no_cpython_wrapper and state.flags.no_cfunc_wrapper:
                state.library = _Inner(_Unloaded(generator), name)  # type: ignore[no-untyped-call]
            else:
                state.library = _Kernel(generator, name)  # type: ignore[no-untyped-call]
            state.library.enable_object_caching()
            return bool(super().run_pass(state))  # type: ignore[no-untyped-call]

    return register_pass(mutates_CFG=True, analysis_only=False)(Lowering)  # type: ignore[no-untyped-call]


class _Options(Flags):
    """The options of a function, of which numba's compiler takes a copy to look things up by."""

    def copy(self) -> "_Settled":
        """The same for equal options."""
        for known in SETTLED:
            if Flags.__eq__(known, self):  # type: ignore[no-untyped-call]
                return known
        SETTLED.append(_Settled(self))
        return SETTLED[-1]


class _Settled(Flags):
    """Options that do not change any more. numba compares all of them, one by one, at every look-up of an operator, a tenth of
    the time of compilation.
    """

    __slots__ = ("_hash",)

    def __init__(self, options: Flags) -> None:
        super().__init__(options)  # type: ignore[no-untyped-call]
        self._values: Any = MappingProxyType(self._values)
        self._hash: int = Flags.__hash__(self)  # type: ignore[no-untyped-call]

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> Any:
        return self is other if isinstance(other, _Settled) else super().__eq__(other)  # type: ignore[no-untyped-call]

    def copy(self) -> Flags:
        """Options that may change."""
        return Flags(self)  # type: ignore[no-untyped-call]


SETTLED: list[_Settled] = []  # a handful; whoever compiles holds numba's lock


class FromTheStart(CompilerBase):
    """numba's compiler, but indices never count from the end (a test looks for constant ones that would)."""

    lowering = _lowering(_Lower)

    def __init__(
        self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any, flags: Any, locals: Any
    ) -> None:
        super().__init__(typingctx, targetctx, library, args, return_type, _Options(flags), locals)  # type: ignore[no-untyped-call]

    def define_pipelines(self) -> list[Any]:
        """With our way of lowering in place of the usual one."""
        builder: Any = DefaultPassBuilder.define_nopython_pipeline(self.state)  # type: ignore[no-untyped-call]
        builder.passes = [(self.lowering if one is NativeLowering else one, why) for one, why in builder.passes]
        builder.finalize()
        return [builder]


class Apart(FromTheStart):
    """The same for functions that LLVM is not to copy into their callers."""

    lowering = _lowering(_LowerApart)


class Inlined(FromTheStart):
    """The same for functions that it must copy. (numba's own `forceinline` would pass on to all that they call.)"""

    lowering = _lowering(_LowerInlined)
