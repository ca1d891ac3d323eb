//! Profiles: functions get the time that they take, through continuations and inlined functions, and
//! the same program gives the same bytes (D6).

#[path = "profiles/firefox.rs"]
mod firefox;
#[path = "profiles/pprof.rs"]
mod pprof;

use crate::command::{backstitch, file};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Two functions, of which one takes three times as long as the other, in a continuation that is
/// suspended in between.
const WORK: &str = r#"(module
  (type $f (func)) (type $k (cont $f))
  (tag $pause)
  (elem declare func $work)
  (func $spin (param $n i32)
    (loop $again
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $short (call $spin (i32.const 100000)))
  (func $long (call $spin (i32.const 300000)))
  (func $work (call $short) (suspend $pause) (call $long))
  (func $resume (param $k (ref null $k)) (result (ref null $k))
    (block $paused (result (ref $k))
      (resume $k (on $pause $paused) (local.get $k))
      (return (ref.null $k))))
  (func (export "run")
    (drop (call $resume (call $resume (cont.new $k (ref.func $work)))))))"#;

/// A function that never returns.
const LOOP: &str = r#"(module
  (func $spin (loop (br 0)))
  (func (export "run") (call $spin)))"#;

/// The time of each stack.
type Stacks = BTreeMap<String, f64>;

/// Makes a profile of a call of `run`, and returns its path.
fn profile(module: &Path, name: &str, options: &[&str], arguments: &[&str]) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (out, module) = (out.to_str().unwrap(), module.to_str().unwrap());
    let start = ["run", "--profile", out, "--invoke", "run"];
    let run = backstitch([&start, options, &[module], arguments].concat());
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.err.starts_with("Profile of "), "{}", run.err);
    PathBuf::from(out)
}

/// Returns the time of each stack in a file of folded stacks.
fn folded(path: &Path) -> Stacks {
    let text = fs::read_to_string(path).unwrap();
    let stacks = text.lines().map(|line| {
        let (stack, time) = line.rsplit_once(' ').unwrap();
        (stack.to_string(), time.parse().unwrap())
    });
    stacks.collect()
}

/// Makes a profile by time of a call of `run`, which uses up its fuel. Returns its path.
fn run_out_of_fuel(module: &Path, name: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (path, module) = (out.to_str().unwrap(), module.to_str().unwrap());
    let start = ["run", "--profile", path, "--profile-interval", "100us"];
    let run = backstitch([&start[..], &["--fuel", "5e8", "--invoke", "run", module]].concat());
    assert_eq!(run.code, Some(134), "{}", run.err);
    assert!(run.err.contains("all fuel consumed"), "{}", run.err);
    assert!(run.err.contains("Profile of "), "{}", run.err);
    out
}

#[test]
fn d6_functions_get_their_time_through_continuations() {
    let module = file("profiles/work.wat", WORK);
    let options = ["--profile-interval", "1000"];
    let stacks = folded(&profile(&module, "work.folded", &options, &[]));
    let time_below = |function: &str| -> f64 {
        let stacks = stacks.iter();
        let below = stacks.filter(|(stack, _)| stack.contains(function));
        below.map(|(_, time)| time).sum()
    };
    let all: f64 = stacks.values().sum();
    for (function, share) in [
        ("<wasm function 5>;resume;work;short;spin", 0.25),
        ("<wasm function 5>;resume;work;long;spin", 0.75),
    ] {
        let found = time_below(function) / all;
        assert!((found - share).abs() < 0.01, "{function}: {found}");
    }
}

#[test]
fn d6_inlined_functions_have_frames() {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf/modules/shapes_optimised.wasm");
    let options = ["--profile-interval", "4"];
    let stacks = folded(&profile(&module, "shapes.folded", &options, &["0"]));
    assert!(
        stacks.keys().any(|stack| {
            stack.starts_with("run;int shapes::Stack<") && stack.contains(";run::$_0::operator()")
        }),
        "{stacks:?}"
    );
}

#[test]
fn d6_profiles_have_the_same_bytes() {
    let module = file("profiles/again.wat", WORK);
    for ending in ["json", "svg", "folded", "pb.gz"] {
        let bytes = |name: &str| {
            let options = ["--profile-interval", "1e4"];
            fs::read(profile(&module, &format!("{name}.{ending}"), &options, &[])).unwrap()
        };
        let (first, second) = (bytes("first"), bytes("second"));
        assert!(!first.is_empty());
        assert_eq!(first, second, "{ending}");
    }
}

#[test]
fn profiles_by_time_have_stacks() {
    let module = file("profiles/time.wat", LOOP);
    let stacks = folded(&run_out_of_fuel(&module, "time.folded"));
    // Where it takes long to begin, there is a sample before the call.
    let caller = "<wasm function 1>";
    assert!(stacks.contains_key(&format!("{caller};spin")), "{stacks:?}");
    assert!(
        stacks.keys().all(|stack| stack.starts_with(caller)),
        "{stacks:?}"
    );
}

#[test]
fn a_program_that_is_profiled_by_time_counts_no_instructions() {
    let module = file("profiles/uncounted.wat", WORK);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uncounted.svg");
    let (out, module) = (out.to_str().unwrap(), module.to_str().unwrap());
    let options = ["--profile-interval", "1000s", "--invoke", "run", module];
    let run = backstitch([&["run", "--profile", out], &options[..]].concat());
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.err.contains("ended before 1000s;"), "{}", run.err);
}

#[test]
fn a_profile_is_written_if_the_program_traps() {
    let module = file(
        "profiles/trap.wat",
        "(module (func (export \"run\") (loop (br 0))))",
    );
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trap.folded");
    let (out, module) = (out.to_str().unwrap(), module.to_str().unwrap());
    let run = backstitch([
        "run",
        "--profile",
        out,
        "--profile-interval",
        "100",
        "--fuel",
        "1000",
        "--invoke",
        "run",
        module,
    ]);
    assert_eq!(run.code, Some(134), "{}", run.err);
    assert!(run.err.contains("all fuel consumed"), "{}", run.err);
    let stacks = folded(Path::new(out));
    let time: f64 = stacks.values().sum();
    assert!((900.0..=1000.0).contains(&time), "{stacks:?}");
}

#[test]
fn short_programs_have_no_profile() {
    let module = file("profiles/short.wat", WORK);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("short.svg");
    let _ = fs::remove_file(&out);
    let (path, module) = (out.to_str().unwrap(), module.to_str().unwrap());
    let options = ["--profile-interval", "1e9", "--invoke", "run", module];
    let run = backstitch([&["run", "--profile", path], &options[..]].concat());
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(
        run.err.contains("before 1000000000 instructions"),
        "{}",
        run.err
    );
    assert!(!out.exists());
}

#[test]
fn a_profile_that_cannot_be_written_hides_no_failure() {
    let module = file(
        "profiles/unwritten.wat",
        r#"(module (func (export "run") unreachable) (func (export "end")
            (local i32)
            (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 99))))))"#,
    );
    let module = module.to_str().unwrap();
    let profile = |export: &str| {
        let path = "no/such/folder/out.folded";
        let interval = ["--profile-interval", "10"];
        let options = [
            "run",
            "--profile",
            path,
            interval[0],
            interval[1],
            "--invoke",
        ];
        backstitch([&options[..], &[export, module]].concat())
    };
    let run = profile("run");
    assert_eq!(run.code, Some(134), "{}", run.err);
    let run = profile("end");
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.err.contains("cannot write the profile"), "{}", run.err);
}

#[test]
fn wrong_intervals_are_refused() {
    for (interval, fault) in [
        ("0", "at least one instruction"),
        ("0ms", "at least one nanosecond"),
        ("1.5", "is not a count"),
        ("1.5ns", "is not a time"),
        ("1 weeks", "is not a time"),
    ] {
        let option = ["--profile-interval", interval, "none.wasm"];
        let run = backstitch([&["run", "--profile", "out.svg"], &option[..]].concat());
        assert_eq!(run.code, Some(2), "{}", run.err);
        assert!(run.err.contains(fault), "{}", run.err);
    }
}

#[test]
fn profiles_of_programs_with_threads_are_refused() {
    let module = file(
        "profiles/threads.wat",
        r#"(module (import "wasi" "thread-spawn" (func (param i32) (result i32)))
            (import "env" "memory" (memory 1 1 shared))
            (func (export "wasi_thread_start") (param i32 i32))
            (func (export "_start")))"#,
    );
    let run = backstitch(["run", "--profile", "threads.svg", module.to_str().unwrap()]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.err.contains("it has threads"), "{}", run.err);
}
