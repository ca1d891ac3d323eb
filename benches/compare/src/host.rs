//! The one function that guests may import: `host.tick`, of type `(i32) -> i32`.
//!
//! It does next to nothing, so that what calling it costs is the cost of leaving and re-entering
//! the guest.

/// The import's module name.
pub const MODULE: &str = "host";

/// The import's field name.
pub const NAME: &str = "tick";

/// The function itself.
pub fn tick(count: i32) -> i32 {
    count.wrapping_add(1)
}
