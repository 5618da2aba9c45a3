//! The types and their contents, of one list.

/// Reads the list of events: a variant, its documentation, its type and its content.
macro_rules! events {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident $({
            $( $(#[$meta:meta])* $field:ident: $type:ty, )+
        })
    +)+) => {
        /// An event of a type, with the content that the wire calls `data`.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged, rename_all_fields = "camelCase")]
        pub enum Event {
            $(
                $(#[doc = $doc])+
                $variant $({ $( $(#[$meta])* $field: $type, )+ })+,
            )+
        }

        impl Event {
            /// The type.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $( Self::$variant { .. } => Kind::$variant, )+
                }
            }

            /// The event of a type with this content.
            ///
            /// # Errors
            /// The place and the problem of a member that is missing or of another type.
            pub fn read(kind: Kind, data: Value) -> Result<Self, String> {
                match kind {
                    $( Kind::$variant => {
                        $(
                        #[derive(Deserialize)]
                        #[serde(rename_all = "camelCase")]
                        struct Data { $( $(#[$meta])* $field: $type, )+ }
                        let Data { $( $field, )+ } = value::read(data)
                            .map_err(|(place, reason)| format!("{place}: {reason}"))?;
                        Ok(Self::$variant { $( $field, )+ })
                        )+
                    } )+
                }
            }

            /// The schema of the content of a type.
            #[must_use]
            pub fn schema(kind: Kind, generator: &mut SchemaGenerator) -> Schema {
                match kind {
                    $( Kind::$variant => {
                        $(
                        #[derive(JsonSchema)]
                        #[schemars(rename_all = "camelCase")]
                        #[expect(dead_code, reason = "its schema alone is used")]
                        struct Data { $( $(#[$meta])* $field: $type, )+ }
                        Data::json_schema(generator)
                        )+
                    } )+
                }
            }
        }
    };
}

pub(super) use events;
