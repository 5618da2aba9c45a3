//! An invitation as an item of `_invitations`.

use std::time::Duration;

use api::tables::INVITATIONS;
use api::wire::{InvitationStatus, InvitedResource};
use api::{Error, Id, Timestamp};
use auth::invitation::Invitation;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, Reader, id, number, text, time};

/// The `kind` of every invitation.
pub(crate) const KIND: &str = "invitation";

/// For how long an item stays after the invitation has ended.
const REST: Duration = Duration::from_secs(30 * 86_400);

/// The table's key of an invitation.
pub(super) fn invitation_key(invitation: Id) -> Item {
    Item::from([
        ("kind".to_owned(), text(KIND)),
        ("id".to_owned(), id(invitation)),
    ])
}

/// When the item of an invitation may go that ends then.
pub(super) fn expires_at(until: Timestamp) -> AttributeValue {
    number(until.after(REST).seconds())
}

/// An invitation as an item.
pub(super) fn invitation_item(invitation: &Invitation) -> Item {
    let mut item = invitation_key(invitation.id);
    item.extend([
        ("email".to_owned(), text(&invitation.email)),
        ("role".to_owned(), text(&invitation.role)),
        ("status".to_owned(), text(invitation.status.as_str())),
        ("invited_by".to_owned(), id(invitation.invited_by)),
        ("nonce".to_owned(), text(&invitation.nonce)),
        ("valid_until".to_owned(), time(invitation.until)),
        ("expires_at".to_owned(), expires_at(invitation.until)),
    ]);
    let resource = invitation.resource.as_ref().map(resource_map);
    item.extend(resource.map(|resource| ("resource".to_owned(), resource)));
    let optional = [
        ("message", &invitation.message),
        ("inviter", &invitation.inviter),
        ("locale", &invitation.locale),
        ("redirect", &invitation.redirect),
    ];
    let optional = optional.into_iter();
    item.extend(optional.filter_map(|(name, it)| Some((name.to_owned(), text(it.as_ref()?)))));
    item
}

fn resource_map(resource: &InvitedResource) -> AttributeValue {
    let mut map = Item::from([
        ("type".to_owned(), text(&resource.r#type)),
        ("id".to_owned(), text(&resource.id)),
    ]);
    let optional = [("name", &resource.name), ("role", &resource.role)].into_iter();
    map.extend(optional.filter_map(|(name, it)| Some((name.to_owned(), text(it.as_ref()?)))));
    AttributeValue::M(map)
}

/// Reads an invitation from its item.
pub(crate) fn read_invitation(mut item: Item) -> Result<Invitation, Error> {
    let broken = || Error::internal("_invitations item without a proper `status`");
    let mut reader = Reader::new(INVITATIONS.name, &mut item);
    let status = InvitationStatus::parse(&reader.text("status")?).ok_or_else(broken)?;
    Ok(Invitation {
        id: reader.id("id")?,
        email: reader.text("email")?,
        role: reader.text("role")?,
        resource: reader
            .optional_map("resource")
            .map(read_resource)
            .transpose()?,
        message: reader.optional_text("message"),
        status,
        invited_by: reader.id("invited_by")?,
        inviter: reader.optional_text("inviter"),
        nonce: reader.text("nonce")?,
        until: reader.time("valid_until")?,
        locale: reader.optional_text("locale"),
        redirect: reader.optional_text("redirect"),
    })
}

fn read_resource(mut map: Item) -> Result<InvitedResource, Error> {
    let mut reader = Reader::new(INVITATIONS.name, &mut map);
    Ok(InvitedResource {
        r#type: reader.text("type")?,
        id: reader.text("id")?,
        name: reader.optional_text("name"),
        role: reader.optional_text("role"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_comes_back_as_it_went() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let least = Invitation {
            id: Id::new(now, [1; 10]),
            email: "a@b".into(),
            role: "editor".into(),
            resource: None,
            message: None,
            status: InvitationStatus::Pending,
            invited_by: Id::new(now, [2; 10]),
            inviter: None,
            nonce: "n".into(),
            until: now,
            locale: None,
            redirect: None,
        };
        let resource = InvitedResource {
            r#type: "team".into(),
            id: "7".into(),
            name: Some("Blue".into()),
            role: Some("captain".into()),
        };
        let full = Invitation {
            resource: Some(resource),
            message: Some("Hi".into()),
            status: InvitationStatus::Accepted,
            inviter: Some("Grace".into()),
            locale: Some("de".into()),
            redirect: Some("https://a".into()),
            ..least.clone()
        };
        for invitation in [least, full] {
            let item = invitation_item(&invitation);
            assert_eq!(read_invitation(item), Ok(invitation));
        }
    }
}
