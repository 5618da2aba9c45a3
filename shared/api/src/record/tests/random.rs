use serde_json::{Value, json};

use super::{checked, definition};
use crate::record::Write;

/// A small generator (splitmix64): the same numbers on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("small")
    }

    /// Text of a JSON value; `deep` bounds its nesting.
    fn value(&mut self, deep: usize) -> String {
        let scalars = [
            "null",
            "true",
            "false",
            "0",
            "-0.0",
            "1",
            "9",
            "1.5",
            "-7",
            "1e3",
            "1e126",
            "-1e-130",
            "1e99999999999",
            "0e-99999999999",
            "12345678901234567890123456789012345678",
            "123456789012345678901234567890123456789",
            r#""""#,
            r#""a""#,
            r#""AB""#,
            r#""äöü😀""#,
            r#""\u0000""#,
            r#""2026-11-21""#,
            "\"#abc\"",
            r#""a@b.c""#,
            r#""01890000-0000-7000-8000-000000000000""#,
            r#""open""#,
        ];
        match self.roll(if deep == 0 { 6 } else { 8 }) {
            6 => {
                let items: Vec<String> = (0..self.roll(4)).map(|_| self.value(deep - 1)).collect();
                format!("[{}]", items.join(","))
            }
            7 => self.object(deep - 1),
            _ => scalars[self.roll(scalars.len())].to_owned(),
        }
    }

    fn object(&mut self, deep: usize) -> String {
        let names = [
            "a",
            "b",
            "c",
            "d",
            "user_id",
            "id",
            "",
            "\\u0000",
            "__proto__",
        ];
        let fields: Vec<String> = (0..self.roll(7))
            .map(|_| {
                format!(
                    r#""{}":{}"#,
                    names[self.roll(names.len())],
                    self.value(deep)
                )
            })
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    fn field(&mut self, name: &str, deep: usize) -> Value {
        let types = [
            "string", "number", "integer", "boolean", "date", "relation", "object", "array",
        ];
        let kind = types[self.roll(types.len())];
        let mut field = json!({ "type": kind });
        if !name.is_empty() {
            field["name"] = json!(name);
            field["required"] = json!(self.roll(4) == 0);
        }
        match kind {
            "string" => match self.roll(6) {
                0 => field["pattern"] = json!("^(a|A)?B*$"),
                1 => {
                    field["format"] = json!(["email", "url", "uuid", "slug", "color"][self.roll(5)])
                }
                2 => field["enum"] = json!(["open", "a"]),
                3 => field["maxLength"] = json!(self.roll(5)),
                4 => field["minLength"] = json!(self.roll(5)),
                _ => {}
            },
            "number" | "integer" => match self.roll(3) {
                0 => field["min"] = json!(1),
                1 => field["max"] = json!(1),
                _ => {}
            },
            "relation" => field["collection"] = json!("posts"),
            "object" if deep > 0 => {
                field["fields"] = ["a", "b"]
                    .map(|name| self.field(name, deep - 1))
                    .into_iter()
                    .collect();
            }
            "array" if deep > 0 => field["items"] = self.field("", deep - 1),
            _ => {}
        }
        field
    }
}

/// No body causes a panic, and an accepted value is accepted again unchanged.
#[test]
fn what_is_stored_fits_again_and_nothing_panics() {
    let mut dice = Dice(7);
    let mut taken = 0;
    for _ in 0..100 {
        let fields: Value = ["a", "b", "c", "d", "user_id"]
            .map(|name| dice.field(name, 2))
            .into_iter()
            .collect();
        let definition = definition(&fields);
        for _ in 0..100 {
            let body = dice.object(4);
            for write in [Write::Create, Write::Merge, Write::Replace] {
                let Ok((stored, relations)) = checked(&definition, &body, write) else {
                    continue;
                };
                let again = checked(&definition, &stored.to_string(), write);
                assert_eq!(again, Ok((stored, relations)), "{fields} {body}");
                taken += 1;
            }
        }
    }
    assert!(taken > 2_000, "{taken} bodies of 30,000 fitted");
}
