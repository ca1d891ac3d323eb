//! Ready images of the modules of all test scripts, and of real programs.
//!
//! Each script runs twice: with its modules, and with images that are written and instantiated as
//! soon as a module is. All assertions must have the same results. After calls, an image of the
//! instance is instantiated again, and the image of that instance must have the same bytes: nothing
//! that an image contains is lost on the way.

use backstitch::{
    Engine, Error, Extern, ExternType, Func, Instance, Linker, Module, Result, Store, Val,
};
use spec_tests::script::driver::{Driver, call_directly};
use spec_tests::script::{self, Host};
use spec_tests::suite;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Instantiates modules, and then their images.
struct Images<'engine> {
    engine: &'engine Engine,
    /// Instances of images, with the number of calls after which each is checked next.
    instances: Vec<(Instance, usize)>,
    calls: usize,
    /// Number of images that were written.
    written: usize,
    /// Number of comparisons of an image with the image of its instance.
    compared: usize,
}

impl<'engine> Images<'engine> {
    fn new(engine: &'engine Engine) -> Images<'engine> {
        Images {
            engine,
            instances: Vec::new(),
            calls: 0,
            written: 0,
            compared: 0,
        }
    }

    /// Checks the instances whose time has come: after 1, 2, 4, 8 … calls.
    fn check(&mut self, store: &Store<Host>) {
        for (instance, next) in &mut self.instances {
            if *next > self.calls {
                continue;
            }
            *next = 2 * self.calls;
            // A table may have got an object or a function of another instance.
            let Ok(image) = instance.to_module(store) else {
                continue;
            };
            self.written += 1;
            self.compared += usize::from(compare(self.engine, &image));
        }
    }
}

/// Compares an image with the image of its instance. Returns false if the image cannot be
/// instantiated alone.
fn compare(engine: &Engine, image: &[u8]) -> bool {
    let module = Module::from_binary(engine, image).expect("the image is a valid module");
    Module::validate(engine, image).expect("the image is valid");
    let mut store = Store::new(engine, ());
    let mut imports: Vec<Extern> = Vec::new();
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else {
            return false;
        };
        let func = Func::new(&mut store, ty, |_, _, _| Err(Error::msg("not called")));
        imports.push(func.into());
    }
    let instance = Instance::new(&mut store, &module, &imports);
    let instance = instance.expect("the image can be instantiated");
    let again = instance.to_module(&store);
    assert!(
        again.expect("the image has an image") == image,
        "the image of an image's instance differs"
    );
    true
}

impl Driver for Images<'_> {
    fn engine(&self) -> &Engine {
        self.engine
    }

    fn count_instructions(&mut self) -> Result<()> {
        Ok(())
    }

    fn instantiate(
        &mut self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        module: &Module,
    ) -> Result<Instance> {
        let instance = linker.instantiate(&mut *store, module)?;
        let Ok(image) = instance.to_module(&*store) else {
            return Ok(instance);
        };
        self.written += 1;
        self.compared += usize::from(compare(self.engine, &image));
        let module = Module::from_binary(self.engine, &image)?;
        let instance = linker.instantiate(store, &module)?;
        self.instances.push((instance, self.calls + 1));
        Ok(instance)
    }

    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        let results = call_directly(store, function, arguments);
        self.calls += 1;
        self.check(store);
        results
    }
}

/// Runs scripts without images.
struct Plain<'engine>(&'engine Engine);

impl Driver for Plain<'_> {
    fn engine(&self) -> &Engine {
        self.0
    }

    fn count_instructions(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn scripts_have_the_same_results_with_images() {
    let engine = Engine::default();
    let mut scripts = suite::scripts();
    // Their threads need an engine that counts instructions, and import their memories.
    scripts.retain(|script| !script.text.contains("(thread "));
    let [next, written, compared] = [const { AtomicUsize::new(0) }; 3];
    let work = || {
        while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let expected = script::run(&script.text, &mut Plain(&engine));
            let mut images = Images::new(&engine);
            let found = script::run(&script.text, &mut images);
            let result = |report: &script::Report| {
                let lines: Vec<usize> = report.failures.iter().map(|failed| failed.line).collect();
                (report.passed, lines, report.printed.clone())
            };
            assert_eq!(
                result(&found),
                result(&expected),
                "{}: {found:?}",
                script.name
            );
            written.fetch_add(images.written, Ordering::Relaxed);
            compared.fetch_add(images.compared, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..count {
            scope.spawn(work);
        }
    });
    let [written, compared] = [written, compared].map(AtomicUsize::into_inner);
    println!("{written} images were written, {compared} of them compared");
    assert!(written > 5_000 && compared > 4_000, "{written} {compared}");
}

/// Returns the workloads of `benches/workloads`: module, export and argument.
fn workloads() -> Vec<(Vec<u8>, String, i32)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/workloads");
    let lines = fs::read_to_string(folder.join("checksums.txt")).expect("the checksums exist");
    let mut workloads: Vec<(Vec<u8>, String, i32)> = Vec::new();
    let mut seen = BTreeSet::new();
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        let [name, export, n, _] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("not a checksum: {line}");
        };
        // An image cannot contain objects.
        if name.starts_with("objects_") {
            continue;
        }
        // The first line of each export has the argument for tests. One export of each is enough.
        if seen.insert(name.to_owned()) {
            let path = folder.join("wasm").join(name).with_extension("wasm");
            let module = fs::read(path).expect("the workload exists");
            workloads.push((module, export.into(), n.parse().expect("a number")));
        }
    }
    workloads
}

#[test]
fn images_of_programs_continue_where_they_were() {
    let engine = Engine::default();
    let workloads = workloads();
    assert!(workloads.len() > 40);
    for (bytes, export, n) in workloads {
        let module = Module::new(&engine, &bytes).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<i32, i64>(&mut store, &export);
        let run = run.unwrap();
        run.call(&mut store, n).unwrap();
        let image = instance.to_module(&store).unwrap();
        assert!(compare(&engine, &image));
        let expected = run.call(&mut store, n).unwrap();

        let module = Module::new(&engine, &image).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<i32, i64>(&mut store, &export);
        assert_eq!(
            run.unwrap().call(&mut store, n).unwrap(),
            expected,
            "{export}"
        );
    }
}
