//! Binary trees: the allocator, pointers, recursion.

struct Tree {
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    value: u32,
}

fn grow(depth: u32, value: u32) -> Option<Box<Tree>> {
    (depth > 0).then(|| {
        Box::new(Tree {
            left: grow(depth - 1, value.wrapping_mul(3)),
            right: grow(depth - 1, value.wrapping_mul(5) ^ 1),
            value,
        })
    })
}

fn weigh(tree: &Option<Box<Tree>>) -> u64 {
    tree.as_ref().map_or(0, |tree| {
        let children = weigh(&tree.left).rotate_left(1) ^ weigh(&tree.right);
        children.wrapping_add(u64::from(tree.value))
    })
}

/// Builds, weighs and frees `n` trees of 1,023 nodes, and keeps every fourth for a while.
#[unsafe(no_mangle)]
pub extern "C" fn trees(n: i32) -> i64 {
    let mut kept = Vec::new();
    let mut sum = 0u64;
    for number in 0..n as u32 {
        let tree = grow(10, number);
        sum = sum.rotate_left(3) ^ weigh(&tree);
        if number % 4 == 0 {
            kept.push(tree);
        }
        if kept.len() > 8 {
            sum ^= weigh(&kept.swap_remove(number as usize % 8));
        }
    }
    sum as i64
}
