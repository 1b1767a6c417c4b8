# What clang has no builtin for.

# int blockon_is_null(externref)
	.section	.text.blockon_is_null,"",@
	.hidden	blockon_is_null
	.globl	blockon_is_null
	.type	blockon_is_null,@function
blockon_is_null:
	.functype	blockon_is_null (externref) -> (i32)
	local.get	0
	ref.is_null
	end_function
