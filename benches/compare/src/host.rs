//! The only function that guests may import: `host.tick`, of type `(i32) -> i32`.
//!
//! It does almost nothing, so that its call costs only leaving and re-entering the guest.

/// Module name of the import.
pub const MODULE: &str = "host";

/// Field name of the import.
pub const NAME: &str = "tick";

/// Increments its argument.
pub fn tick(count: i32) -> i32 {
    count.wrapping_add(1)
}
