//! The parts of the template about what runs without a request: mappings, schedules and limits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{Template, function_name, list};

/// One `AWS::Lambda::EventSourceMapping`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The table's name, such as `local-posts`.
    pub table: String,
    /// The function's name, without the stack's.
    pub function: String,
    /// The patterns of the records that it is for; none for every record.
    pub patterns: Vec<Value>,
    /// The most records of a batch.
    pub batch: usize,
    /// The age at which a record is given up.
    pub longest: Duration,
}

/// One target of an `AWS::Events::Rule`.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The function's name, without the stack's.
    pub function: String,
    /// The payload.
    pub input: Value,
    /// The time between two invocations.
    pub every: Duration,
}

/// The seconds that a function may take that does not say, by the template's globals.
const TIMEOUT: u64 = 10;

impl Template {
    /// The mappings of streams to functions.
    ///
    /// # Errors
    /// A mapping that this reader does not understand.
    pub fn mappings(&self) -> Result<Vec<Mapping>, String> {
        let mapping = |(id, properties): (&String, &Value)| {
            let unknown = || format!("{id} is not understood locally");
            let table = properties["EventSourceArn"]["Fn::GetAtt"][0].as_str();
            let filters = list(properties["FilterCriteria"].get("Filters"));
            let patterns = filters.map(|filter| filter["Pattern"].as_str());
            let patterns =
                patterns.map(|text| serde_json::from_str(text?).ok().filter(Value::is_object));
            let (batch, longest) = ("BatchSize", "MaximumRecordAgeInSeconds");
            let number = |name: &str| properties[name].as_u64().ok_or_else(unknown);
            Ok(Mapping {
                table: self.table_name(table.ok_or_else(unknown)?)?,
                function: self.function(&properties["FunctionName"]["Ref"])?,
                patterns: patterns.collect::<Option<_>>().ok_or_else(unknown)?,
                batch: usize::try_from(number(batch)?).map_err(|_| unknown())?,
                longest: Duration::from_secs(number(longest)?),
            })
        };
        self.of_type("AWS::Lambda::EventSourceMapping")
            .map(mapping)
            .collect()
    }

    /// The targets of the rules that invoke regularly.
    ///
    /// # Errors
    /// A rule that this reader does not understand.
    pub fn schedules(&self) -> Result<Vec<Schedule>, String> {
        let mut schedules = Vec::new();
        for (id, properties) in self.of_type("AWS::Events::Rule") {
            let unknown = || format!("{id} is not understood locally");
            if properties["ScheduleExpression"] != "rate(1 minute)" {
                return Err(unknown());
            }
            for target in list(properties.get("Targets")) {
                let input = target["Input"].as_str().unwrap_or("null");
                schedules.push(Schedule {
                    function: self.function(&target["Arn"]["Fn::GetAtt"][0])?,
                    input: serde_json::from_str(input).map_err(|_| unknown())?,
                    every: Duration::from_secs(60),
                });
            }
        }
        Ok(schedules)
    }

    /// The most time that an invocation of each function takes, by the function's name.
    #[must_use]
    pub fn timeouts(&self) -> BTreeMap<String, Duration> {
        let functions = self.of_type("AWS::Serverless::Function");
        functions
            .map(|(id, properties)| {
                let seconds = properties["Timeout"].as_u64().unwrap_or(TIMEOUT);
                (function_name(id, properties), Duration::from_secs(seconds))
            })
            .collect()
    }

    /// The name of the function with this logical id.
    fn function(&self, id: &Value) -> Result<String, String> {
        let id = id.as_str().unwrap_or_default();
        let function = self.resources.get(id).map(|it| &it["Properties"]);
        let function = function.ok_or_else(|| format!("there is no function {id}"))?;
        Ok(function_name(id, function))
    }
}
