//! Code that is the same for the four runtimes with an API like Wasmtime's.
//!
//! The APIs have the same form but no common trait, so the code consists of macros.

/// Defines `to_val` and `from_val`, which convert between a crate's `Val` and
/// [`Value`](crate::value::Value).
macro_rules! conversions {
    ($runtime:ident) => {
        fn to_val(value: $crate::value::Value) -> ::$runtime::Val {
            match value {
                $crate::value::Value::I32(value) => ::$runtime::Val::I32(value),
                $crate::value::Value::I64(value) => ::$runtime::Val::I64(value),
            }
        }

        fn from_val(val: &::$runtime::Val) -> ::anyhow::Result<$crate::value::Value> {
            match val {
                ::$runtime::Val::I32(value) => Ok($crate::value::Value::I32(*value)),
                ::$runtime::Val::I64(value) => Ok($crate::value::Value::I64(*value)),
                other => ::anyhow::bail!("the result {other:?} is not an integer"),
            }
        }
    };
}

/// Defines `struct Guest`, a [`Loaded`](super::Loaded) with the store and the instance of a crate
/// whose API is like Wasmtime's.
#[cfg(any(
    feature = "backstitch",
    feature = "wasm3",
    feature = "wasmi",
    feature = "wasmtime"
))]
macro_rules! guest {
    ($runtime:ident) => {
        struct Guest {
            store: ::$runtime::Store<()>,
            instance: ::$runtime::Instance,
        }

        impl $crate::runtime::Loaded for Guest {
            fn call(
                &mut self,
                export: &str,
                arguments: &[$crate::value::Value],
            ) -> ::anyhow::Result<$crate::value::Value> {
                let Some(func) = self.instance.get_func(&mut self.store, export) else {
                    ::anyhow::bail!("there is no function `{export}`, or it does not compile");
                };
                let arguments: Vec<_> = arguments.iter().copied().map(to_val).collect();
                let mut results = [::$runtime::Val::I32(0)];
                func.call(&mut self.store, &arguments, &mut results)?;
                from_val(&results[0])
            }

            fn call_repeatedly(&mut self, export: &str, count: u32) -> ::anyhow::Result<i32> {
                let func = self
                    .instance
                    .get_typed_func::<i32, i32>(&mut self.store, export)?;
                let mut value = 0;
                for _ in 0..count {
                    value = func.call(&mut self.store, value)?;
                }
                Ok(value)
            }
        }

        conversions!($runtime);
    };
}
