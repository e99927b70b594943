"""How numba lowers our functions: as it does others, but for two things that cost time."""

from typing import Any

from numba import types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering


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


def _lowering(lower: type[Lower]) -> Any:
    """The pass of numba's compiler that lowers, by a way of ours."""

    class Lowering(NativeLowering):
        _name = f"native_lowering{lower.__name__}"

        @property
        def lowering_class(self) -> type[Lower]:
            return lower

    return register_pass(mutates_CFG=True, analysis_only=False)(Lowering)  # type: ignore[no-untyped-call]


class FromTheStart(CompilerBase):
    """numba's compiler, but indices never count from the end (a test looks for constant ones that would)."""

    lowering = _lowering(_Lower)

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
