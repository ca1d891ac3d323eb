//! Structures and arrays: made by the host and by a guest, read, changed, cast, and held.

use backstitch::*;

const MODULE: &str = r#"
    (module
        (type $shape (sub (struct (field $name (ref null extern)))))
        (type $circle (sub final $shape
            (struct (field $name (ref null extern)) (field $radius (mut f64)))))
        (type $shapes (array (mut (ref null $shape))))
        (import "host" "describe" (func $describe (param anyref)))
        (global (export "last") (mut anyref) (ref.null any))
        (func (export "circle") (param externref f64) (result (ref $circle))
            (struct.new $circle (local.get 0) (local.get 1)))
        (func (export "shapes") (param i32) (result (ref $shapes))
            (array.new_default $shapes (local.get 0)))
        (func (export "visit") (param $shapes (ref $shapes)) (result i32)
            (local $i i32) (local $circles i32)
            (loop $next
                (if (i32.lt_u (local.get $i) (array.len (local.get $shapes)))
                    (then
                        (call $describe (array.get $shapes (local.get $shapes) (local.get $i)))
                        (local.set $circles (i32.add (local.get $circles)
                            (ref.test (ref $circle)
                                (array.get $shapes (local.get $shapes) (local.get $i)))))
                        (local.set $i (i32.add (local.get $i) (i32.const 1)))
                        (br $next))))
            (local.get $circles)))
"#;

/// Describes any internal value.
fn describe(
    store: &mut StoreContextMut<'_, Vec<String>>,
    value: Option<Rooted<AnyRef>>,
) -> Result<String> {
    let Some(value) = value else {
        return Ok("null".to_string());
    };
    if let Some(number) = value.as_i31(&*store)? {
        return Ok(format!("the number {}", number.get_i32()));
    }
    if let Some(array) = value.as_array(&*store)? {
        return Ok(format!("an array of {} elements", array.len(&*store)?));
    }
    let Some(object) = value.as_struct(&*store)? else {
        return Ok("a value of the host".to_string());
    };
    let fields: Vec<Val> = object.fields(&mut *store)?.collect();
    let mut texts = Vec::new();
    for field in fields {
        texts.push(match field {
            Val::I32(number) => number.to_string(),
            Val::F64(bits) => f64::from_bits(bits).to_string(),
            Val::ExternRef(Some(value)) => match value.data(&*store)? {
                Some(data) => match data.downcast_ref::<&str>() {
                    Some(text) => format!("{text:?}"),
                    None => "a value of another type".to_string(),
                },
                None => "a value of the guest".to_string(),
            },
            Val::ExternRef(None) | Val::AnyRef(None) => "null".to_string(),
            Val::AnyRef(Some(value)) => describe(store, Some(value))?,
            other => format!("{:?}", other.ty(&*store)?),
        });
    }
    Ok(format!("a structure of {}", texts.join(", ")))
}

fn main() -> Result<()> {
    let engine = Engine::new(Config::new().wasm_function_references(true).wasm_gc(true))?;
    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(&engine, Vec::<String>::new());
    let mut linker = Linker::new(&engine);
    linker.func_wrap(
        "host",
        "describe",
        |mut caller: Caller<'_, Vec<String>>, value: Option<Rooted<AnyRef>>| -> Result<()> {
            let text = describe(&mut caller.as_context_mut(), value)?;
            caller.data_mut().push(text);
            Ok(())
        },
    )?;
    let instance = linker.instantiate(&mut store, &module)?;

    // A structure that the guest makes. Its type is known at run time.
    let circle = instance.get_func(&mut store, "circle").expect("an export");
    let circle = circle.typed::<(Option<Rooted<ExternRef>>, f64), Rooted<StructRef>>(&store)?;
    let name = ExternRef::new(&mut store, "round")?;
    let round = circle.call(&mut store, (Some(name), 1.5))?;
    println!(
        "{}",
        describe(&mut store.as_context_mut(), Some(round.to_anyref()))?
    );
    round.set_field(&mut store, 1, Val::from(2.25))?;
    println!("radius {}", round.field(&mut store, 1)?.unwrap_f64());
    println!(
        "{}",
        round
            .set_field(&mut store, 0, Val::ExternRef(None))
            .is_err()
    );
    println!("{}", round.set_field(&mut store, 1, Val::I64(1)).is_err());
    println!("{}", round.field(&mut store, 2).is_err());

    // Structures that the host makes, of the guest's types and of one that the guest does not know.
    let circle_type = round.ty(&store)?;
    let shape = circle_type.supertype().expect("it has a supertype");
    let field = |mutability, ty: ValType| FieldType::new(mutability, StorageType::ValType(ty));
    let square_type = StructType::with_finality_and_supertype(
        &engine,
        Finality::Final,
        Some(&shape),
        [
            field(Mutability::Const, ValType::EXTERNREF),
            FieldType::new(Mutability::Var, StorageType::I8),
            FieldType::new(Mutability::Var, StorageType::I16),
            field(Mutability::Var, ValType::ANYREF),
        ],
    )?;
    println!(
        "{} {} {}",
        square_type.matches(&shape),
        square_type.matches(&circle_type),
        circle_type.fields().len()
    );
    let again = StructType::with_finality_and_supertype(
        &engine,
        Finality::Final,
        Some(&shape),
        circle_type.fields(),
    )?;
    println!("{}", StructType::eq(&again, &circle_type));
    let small = AnyRef::from_i31(&mut store, I31::wrapping_i32(i32::MAX));
    let allocator = StructRefPre::new(&mut store, square_type);
    let fields = [name.into(), Val::I32(-1), Val::I32(0x1_2345), small.into()];
    let square = StructRef::new(&mut store, &allocator, &fields)?;
    println!(
        "{}",
        StructRef::new(&mut store, &allocator, &fields[1..]).is_err()
    );
    let allocator = StructRefPre::new(&mut store, circle_type.clone());
    let other = StructRef::new(
        &mut store,
        &allocator,
        &[Val::ExternRef(None), Val::from(-0.5)],
    )?;

    // An array that the guest makes and visits.
    let shapes = instance.get_typed_func::<i32, Rooted<ArrayRef>>(&mut store, "shapes")?;
    let shapes = shapes.call(&mut store, 5)?;
    for (index, shape) in (1..).zip([round, square, other]) {
        shapes.set(&mut store, index, shape.into())?;
    }
    println!("{}", shapes.set(&mut store, 0, shapes.into()).is_err());
    println!("{}", shapes.set(&mut store, 5, Val::AnyRef(None)).is_err());
    let visit = instance.get_func(&mut store, "visit").expect("an export");
    let visit = visit.typed::<Rooted<ArrayRef>, i32>(&store)?;
    println!("{} circles", visit.call(&mut store, shapes)?);
    for line in std::mem::take(store.data_mut()) {
        println!("- {line}");
    }

    // An array that the host makes.
    let ty = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I16));
    let allocator = ArrayRefPre::new(&mut store, ty.clone());
    let numbers = [Val::I32(1), Val::I32(-2), Val::I32(70_000)];
    let numbers = ArrayRef::new_fixed(&mut store, &allocator, &numbers)?;
    let elements: Vec<Val> = numbers.elems(&mut store)?.collect();
    println!("{elements:?}");
    println!("{}", numbers.get(&mut store, 3).is_err());
    println!(
        "{} {}",
        ty.mutability().is_var(),
        numbers.matches_ty(&store, &ty)?
    );
    println!("{}", visit.call(&mut store, numbers).is_err());

    // Casts and conversions. Each value is the same as before.
    let last = instance.get_global(&mut store, "last").expect("an export");
    let converted = AnyRef::convert_extern(&mut store, name)?;
    let values = [round.to_anyref(), numbers.to_anyref(), small, converted];
    for value in values {
        last.set(&mut store, value.into())?;
        let read = last.get(&mut store);
        let read = *read.unwrap_anyref().expect("it is not null");
        println!(
            "{}: {} {} {} {} {} {}",
            describe(&mut store.as_context_mut(), Some(read))?,
            read.is_eqref(&store)?,
            read.is_struct(&store)?,
            read.is_array(&store)?,
            read.is_i31(&store)?,
            Rooted::ref_eq(&store, &read, &value)?,
            Rooted::rooted_eq(read, value),
        );
        let outside = ExternRef::convert_any(&mut store, value)?;
        println!("{}", outside.data(&store)?.is_some());
    }
    println!("{}", last.set(&mut store, name.into()).is_err());

    // What is held: until the scope ends, or until it is dropped.
    let (scoped, owned) = {
        let mut scope = RootScope::new(&mut store);
        let scoped = circle.call(&mut scope, (None, 7.0))?;
        (scoped, scoped.to_owned_rooted(&mut scope)?)
    };
    store.gc(None)?;
    println!(
        "{} {}",
        scoped.ty(&store).is_err(),
        StructType::eq(&owned.ty(&store)?, &circle_type)
    );
    let held = owned.to_rooted(&mut store);
    println!("{}", held.field(&mut store, 1)?.unwrap_f64());
    println!("{}", OwnedRooted::ref_eq(&store, &held, &owned)?);
    Ok(())
}
