//! Recognition of files that are not WebAssembly modules.

/// The first bytes of every WebAssembly binary.
pub(crate) const MAGIC: &[u8] = b"\0asm";

/// Version and layer of a WebAssembly module.
const MODULE: &[u8] = &[1, 0, 0, 0];

/// Layer of a WebAssembly component, after its version.
const COMPONENT_LAYER: &[u8] = &[1, 0];

const NATIVE: &str = "native code; compile the program for a target of WebAssembly, such as \
                      wasm32-wasip1";

/// Kinds of files by their first bytes: what the file is, and what to do.
const SIGNATURES: &[(&[u8], &str)] = &[
    (
        b"\x7fELF",
        "an ELF file, which contains native code; compile the program for a target of \
         WebAssembly, such as wasm32-wasip1 (modules that Wasmtime has compiled are ELF files \
         too: use the module they were compiled from)",
    ),
    (b"MZ", NATIVE),
    (&[0xcf, 0xfa, 0xed, 0xfe], NATIVE),
    (&[0xce, 0xfa, 0xed, 0xfe], NATIVE),
    (&[0xfe, 0xed, 0xfa, 0xcf], NATIVE),
    (&[0xfe, 0xed, 0xfa, 0xce], NATIVE),
    (
        &[0xca, 0xfe, 0xba, 0xbe],
        "a Java class or native code; compile the program for a target of WebAssembly",
    ),
    (
        b"BC\xc0\xde",
        "LLVM bitcode; link it to a module with wasm-ld",
    ),
    (
        b"!<arch>\n",
        "a static library; link it to a module with wasm-ld",
    ),
    (
        &[0x1f, 0x8b],
        "compressed with gzip; decompress it first, for example with `gunzip`",
    ),
    (
        &[0x28, 0xb5, 0x2f, 0xfd],
        "compressed with Zstandard; decompress it first, for example with `unzstd`",
    ),
    (
        b"\xfd7zXZ\0",
        "compressed with xz; decompress it first, for example with `unxz`",
    ),
    (
        b"BZh",
        "compressed with bzip2; decompress it first, for example with `bunzip2`",
    ),
    (b"PK\x03\x04", "a ZIP archive; extract the module first"),
    (
        &[0xff, 0xfe],
        "text in UTF-16; convert it to UTF-8 first, for example with `iconv`",
    ),
    (
        &[0xfe, 0xff],
        "text in UTF-16; convert it to UTF-8 first, for example with `iconv`",
    ),
    (
        b"version https://git-lfs.github.com/spec/",
        "a pointer of Git LFS in place of the file; fetch the file with `git lfs pull`",
    ),
    (b"#!", "a script for another program"),
];

/// Beginnings of HTML pages, in lower case.
const HTML: [&[u8]; 2] = [b"<!doctype html", b"<html"];

/// Describes a file that is certainly not a WebAssembly binary or text: what it is, and what to
/// do. The text continues a sentence that begins with the file's name.
pub(crate) fn foreign(bytes: &[u8]) -> Option<String> {
    if bytes.trim_ascii().is_empty() {
        return Some("is empty".to_string());
    }
    let begins = |(signature, _): &&(&[u8], &str)| bytes.starts_with(signature);
    if let Some((_, description)) = SIGNATURES.iter().find(begins) {
        let verb = if *description == NATIVE {
            "contains"
        } else {
            "is"
        };
        return Some(format!("{verb} {description}"));
    }
    let start = without_mark(bytes).trim_ascii_start();
    let begins = |html: &[u8]| {
        let start = start.get(..html.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(html))
    };
    HTML.into_iter().any(begins).then(|| {
        "is an HTML page, perhaps the error page of a download; check the address that it came \
         from"
            .to_string()
    })
}

/// Describes a file that certainly cannot be read as a module, like [`foreign`].
pub(crate) fn not_a_module(bytes: &[u8]) -> Option<String> {
    let Some(header) = bytes.strip_prefix(MAGIC) else {
        return foreign(bytes);
    };
    let header = header.get(..4)?;
    if header[2..] == *COMPONENT_LAYER {
        return Some(COMPONENT.to_string());
    }
    (header != MODULE).then(|| {
        let version = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        format!("is WebAssembly of version {version}, but only version 1 is supported")
    })
}

/// The description of a component, like [`foreign`].
pub(crate) const COMPONENT: &str = "is a WebAssembly component, and only core modules are \
                                    supported; compile the program for wasm32-wasip1 instead of \
                                    wasm32-wasip2";

/// Returns the bytes of a text without a byte-order mark.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognised() {
        for (bytes, part) in [
            (&b""[..], "is empty"),
            (b" \n", "is empty"),
            (b"\x7fELF\x02", "is an ELF file"),
            (b"MZ\x90", "contains native code"),
            (&[0x1f, 0x8b, 8], "gunzip"),
            (b"<!DOCTYPE html>", "HTML"),
            (b"\xef\xbb\xbf\n<html lang=en>", "HTML"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "git lfs pull",
            ),
            (b"\0asm\x0d\0\x01\0", "is a WebAssembly component"),
            (b"\0asm\x0e\0\x01\0", "is a WebAssembly component"),
            (b"\0asm\x02\0\0\0", "version 2"),
            (&[0xff, 0xfe, b'(', 0], "UTF-16"),
        ] {
            let description = not_a_module(bytes).unwrap_or_default();
            assert!(description.contains(part), "{part}: {description}");
        }
        for bytes in [
            &b"\0asm\x01\0\0\0"[..],
            b"\0asm\x01",
            b"(module)",
            b"\xef\xbb\xbf(module)",
            b";; <html>",
            b"\x89PNG",
        ] {
            assert_eq!(not_a_module(bytes), None);
        }
    }
}
