//! A compiler of shaders: WGSL is parsed, validated and written as SPIR-V.
#![no_main]

use naga::back::spv;
use naga::front::wgsl;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use support::{Checksum, Random};

/// Compiles a shader of `n` functions.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5ade);
    let mut checksum = Checksum::new();
    let mut source = String::from(
        "struct Light { place: vec3<f32>, power: f32 }\n\
         @group(0) @binding(0) var<storage, read_write> lights: array<Light>;\n",
    );
    let mut calls = String::new();
    for index in 0..n.max(1) {
        let (a, b) = (random.below(100), 1 + random.below(9));
        source += &format!(
            "fn f{index}(p: vec3<f32>, k: u32) -> f32 {{\n  var sum = 0.0;\n\
             for (var i = 0u; i < k + {b}u; i++) {{\n    let d = lights[i % 8u].place - p * {a}.5;\n\
             if (dot(d, d) < {b}.0) {{ continue; }}\n    sum += lights[i].power / (1.0 + length(d)) + sin(f32(i));\n  }}\n\
             switch k {{ case 1u, 2u: {{ return sum; }} default: {{ return sum * p.x; }} }}\n}}\n"
        );
        calls += &format!("  v += f{index}(p, id.x);\n");
    }
    source += &format!(
        "@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {{\n\
         let p = vec3<f32>(id);\n  var v = 0.0;\n{calls}  lights[id.x].power = v;\n}}\n"
    );
    let module = wgsl::parse_str(&source).expect("a valid shader");
    let info = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&module);
    let info = info.expect("a valid shader");
    let words = spv::write_vec(&module, &info, &spv::Options::default(), None);
    for word in words.expect("a valid shader") {
        checksum.word(u64::from(word));
    }
    checksum.finish()
}
