//! Nothing: the manifest names crates whose sources are compiled by `../build-c`.
