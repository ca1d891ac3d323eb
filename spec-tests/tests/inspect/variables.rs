//! Variables of programs with debugging information (D2), on the command line.

use crate::sources::inspect;

/// Fails unless the frame of a program's dump has exactly these variables.
#[track_caller]
fn has(name: &str, kind: &str, frame: &str, expected: &[&str]) {
    let run = inspect(name, kind, &["--frame", frame]);
    let lines = run.out.lines().map(str::trim);
    let lines = lines.skip_while(|line| !line.starts_with("variables of "));
    let lines = lines
        .take_while(|line| *line != "code")
        .filter(|line| !line.is_empty());
    assert_eq!(lines.collect::<Vec<_>>(), expected, "{}", run.out);
}

#[test]
fn d2_variables_of_c() {
    has(
        "orders",
        "1",
        "0",
        &[
            "variables of quotient",
            "param  (int) total = 45",
            "param  (int) count = 0",
            "variables of run",
            "param  (int) kind = 1",
            "local  (int) total = 45",
        ],
    );
    // Each call of a function that calls itself has its own.
    has(
        "orders",
        "3",
        "4",
        &[
            "variables of deep",
            "param  (const Order *) order = 0x000004e0",
            "param  (int) limit = 4",
        ],
    );
    // What optimisation has removed is not guessed.
    has(
        "orders_optimised",
        "3",
        "6",
        &[
            "variables of run",
            "param  (int) kind = <unknown>",
            "local  (int) total = <unknown>",
        ],
    );
    // Lines are not enough.
    has("orders_lines", "3", "0", &[]);
}

#[test]
fn d2_variables_of_cpp() {
    has(
        "shapes",
        "1",
        "3",
        &[
            "variables of run",
            "param  (int) kind = 1",
            "local  (Square) square = {Shape = {_vptr$Shape = 0x00000408, at = {x = 1, y = 2}}, side = 5}",
            "local  (Ring) ring = {Shape = {_vptr$Shape = 0x00000428, at = {x = 3, y = 4}}, outer = 9, \
             inner = 1}",
            "local  (Stack<const shapes::Shape *, 4UL>) stack = {values = [0x00001418, 0x000013f8, \
             0x00000000, 0x00000000], used = 2}",
            "local  (int) area = 0",
        ],
    );
}

#[test]
fn d2_variables_of_rust() {
    has(
        "tins",
        "1",
        "2",
        &[
            "variables of run",
            "param  (i32) kind = 1",
            "local  (Tin) bottom = {label = \"beans\", number = 1, size = {__0 = -3, __1 = 0.25}, \
             colour = Blue, content = Beans {count = 300}, below = None}",
            "local  (Tin) top = {label = \"soup\", number = 2, size = {__0 = 12, __1 = -1.5}, \
             colour = Green, content = Soup {__0 = 2.5, __1 = true}, below = Some {__0 = 0x00000f80}}",
            "local  (u32[3]) weights = [10, 20, 30]",
            "local  (&[u32; 3]) heaviest = 0x00000fe0",
            "local  (char) sign = 'ß'",
        ],
    );
    // Of a variable in several places, those that are known are shown.
    let run = inspect("parcels_optimised", "1", &["--frame", "2"]);
    for part in [
        "(Parcel) letter = {number = 1, content = Letter {__0 = \"greetings\"}, inner = None}",
        "content = Goods {pieces = 12, weight = 2.5}",
        "(Scale) scale = {most = 10, weighed = {value = {value = ?}}}",
        "(u32) sum = <unknown>",
    ] {
        assert!(run.out.contains(part), "{}", run.out);
    }
}

#[test]
fn d2_variables_as_json() {
    let run = inspect("orders", "1", &["--frame", "0", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let scopes = &json["frame"]["variables"];
    assert_eq!(scopes[0]["function"], "quotient");
    let expected = serde_json::json!(
        {"name": "total", "type": "int", "value": "45", "parameter": true}
    );
    assert_eq!(scopes[0]["variables"][0], expected);
    assert_eq!(scopes[1]["variables"][1]["parameter"], false);
    assert_eq!(scopes[2], serde_json::Value::Null);
}
