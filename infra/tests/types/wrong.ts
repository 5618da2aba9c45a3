// Mistakes, each of which is an error of the compiler.

import type { NewProfile, OrdersExpanded, Profile, ProfileChanges } from "./bakend.ts";
import type { ErrorCode, User } from "./generated.ts";
import { create, list, update } from "./client.ts";

// A collection or a field that nobody declared.
// @ts-expect-error
list("prodcts");
// @ts-expect-error
list("products", { where: { titel: "Lamp" } });
// @ts-expect-error
list("products", { where: { "size.width": 12 } });
// @ts-expect-error
create("products", { name: "Lamp", sku: "LAMP-1", colour: "red" });
// @ts-expect-error
update("products", "id", { colour: "red" });
// @ts-expect-error
list("products")[0]?.colour;

// A value of another type than the field's.
// @ts-expect-error
list("products", { where: { price: "20" } });
// @ts-expect-error
list("products", { where: { status: "sold" } });
// @ts-expect-error
list("products", { where: { active: "true" } });
// @ts-expect-error
list("products", { where: { released: 2026 } });
// @ts-expect-error
list("products", { where: { price: { in: ["20"] } } });
// @ts-expect-error
list("products", { where: { stock: { exists: 1 } } });

// An operator that the field does not have, or that there is not.
// @ts-expect-error
list("products", { where: { price: { contains: 2 } } });
// @ts-expect-error
list("products", { where: { released: { startsWith: "2026" } } });
// @ts-expect-error
list("products", { where: { tags: ["new"] } });
// @ts-expect-error
list("products", { where: { tags: { in: ["new"] } } });
// @ts-expect-error
list("products", { where: { size: { width: 12 } } });
// @ts-expect-error
list("products", { where: { size: {} } });
// @ts-expect-error
list("products", { where: { price: { lessThan: 20 } } });
// @ts-expect-error
list("products", { where: { price: { gt: null } } });
// @ts-expect-error
list("products", { where: { name: { regex: "lamp" } } });
// @ts-expect-error
list("products", { where: { $or: { price: 1 } } });
// @ts-expect-error
list("products", { where: { $nor: [{ price: 1 }] } });

// An order that no index serves.
// @ts-expect-error
list("products", { sort: "stock" });
// @ts-expect-error
list("products", { sort: "name,price" });
// @ts-expect-error
list("products", { sort: "-updatedAt" });
// @ts-expect-error
list("posts", { sort: "title" });
// @ts-expect-error
list("products", { sort: "price,name" });

// A relation that there is not, or a third level.
// @ts-expect-error
list("orders", { expand: ["note"] });
// @ts-expect-error
list("products", { expand: ["sku"] });
// @ts-expect-error
list("comments", { expand: ["parent.parent.post"] });

// An inlined record, where an id may stand.
// @ts-expect-error
list("orders", { expand: ["product"] }).map((order: OrdersExpanded) => order.product.name);

// A record without a required field, with one that is null, or with one that only the server sets.
// @ts-expect-error
create("products", { name: "Lamp" });
// @ts-expect-error
create("products", { name: null, sku: "LAMP-1" });
// @ts-expect-error
create("products", { name: "Lamp", sku: "LAMP-1", size: { depth: 1 } });
// @ts-expect-error
create("products", { name: "Lamp", sku: "LAMP-1", id: "0197a3b0-0000-7000-8000-000000000000" });
// @ts-expect-error
create("products", { name: "Lamp", sku: "LAMP-1", status: "sold" });
// @ts-expect-error
update("products", "id", { name: null });
// @ts-expect-error
update("products", "id", { createdAt: "2026-11-21T10:00:00.000Z" });
// @ts-expect-error
update("products", "id", { createdBy: null });
// @ts-expect-error
update("products", "id", { tags: [1] });

// A value of a record that may be absent.
// @ts-expect-error
list("products").map((product) => product.price.toFixed(2));

// Profiles, and the package's own types.
// @ts-expect-error
const profile: Profile = { nickname: "ada" };
// @ts-expect-error
const registered: NewProfile = { badge: "1" };
// @ts-expect-error
const changed: ProfileChanges = { role: "admin" };
// @ts-expect-error
const code: ErrorCode = "auth/unheard-of";
// @ts-expect-error
const address = (user: User): string => user.email;

export { address, changed, code, profile, registered };
