#[test]
fn the_examples_of_the_guide_are_valid_and_agree() {
    let guide = include_str!("../../../../../docs/filters.md");
    let products = serde_json::from_str(include_str!(
        "../../../../../tests/collections/products.json"
    ))
    .expect("a definition");
    let read = |name: &str, value: &str| {
        crate::query::parse(&products, [(name, value)])
            .unwrap_or_else(|error| panic!("{name}={value}: {error:?}"))
    };
    let (mut rows, mut parameters) = (0, 0);
    for row in guide.lines().filter(|line| line.starts_with("| ")) {
        let mut codes = row.split('`').skip(1).step_by(2).peekable();
        let suffixed = codes.next_if(|code| code.contains('=')).map(|code| {
            let (name, value) = code.split_once('=').expect("a parameter");
            read(name, value).filter
        });
        for json in codes.filter(|code| code.starts_with('{')) {
            let filter = read("filter", json).filter;
            assert_eq!(suffixed.as_ref().unwrap_or(&filter), &filter, "{row}");
            rows += 1;
        }
    }
    for parameter in guide
        .split("--data-urlencode '")
        .skip(1)
        .filter_map(|rest| rest.split_once('\''))
    {
        let (name, value) = parameter.0.split_once('=').expect("a parameter");
        read(name, value);
        parameters += 1;
    }
    assert_eq!((rows, parameters), (18, 6));
}
