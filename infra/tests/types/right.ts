// Calls that the server takes.

import type {
  Collections,
  NewProfile,
  OrdersExpand,
  OrdersExpanded,
  Profile,
  ProfileChanges,
  ProductsOrder,
  ProductsWhere,
  PublicProfile,
} from "./bakend.ts";
import type { ErrorCode, SignedIn, Tokens, User } from "./generated.ts";
import { create, list, update } from "./client.ts";

// Conditions: a value, null, tests, and filters of filters.
const where: ProductsWhere = {
  status: "active",
  price: { gte: 5, lt: 20 },
  stock: { in: [0, 1, null] },
  name: { startsWith: "Blue", contains: "lamp" },
  tags: { contains: "new" },
  size: { exists: false },
  released: null,
  createdAt: { gte: "2026-11-21" },
  $or: [{ sku: "LAMP-1" }, { $not: { active: false, status: { ne: "draft" } } }],
  $and: [{ createdBy: "0197a3b0-0000-7000-8000-000000000000" }],
};
list("products", { where, sort: "-price" });
list("notes", { where: { tags: { contains: 5 }, due: { lt: "2027-01-01" }, done: { ne: true }, meta: { exists: true } } });
list("products");

// Orders: newest first, those of indexes, and their reverses.
const sorts: ProductsOrder[] = ["createdAt", "-createdAt", "status,-createdAt", "-status,createdAt", "name,-price"];
for (const sort of sorts) list("products", { sort });

// Relations, two levels deep.
const inlined: OrdersExpand[] = ["product"];
list("orders", { expand: inlined });
list("comments", { expand: ["author", "order.product", "parent.parent"] });
const orders: OrdersExpanded[] = list("orders", { expand: inlined });
const names = orders.map(({ product }) => (typeof product === "string" ? product : product.name));
list("products", { expand: [] });

// Records: what is required is there, all else may be absent.
const product = create("products", { name: "Lamp", sku: "LAMP-1" });
const texts: string[] = [product.id, product.createdAt, product.updatedAt, product.name, product.sku];
const maker: string | null = product.createdBy;
const status: "draft" | "active" | "retired" | undefined = product.status;
const width: number | undefined = product.size?.width;
const tags: string[] = product.tags ?? [];

// Defaults, owners and fields that are not required may be left out, or null.
create("products", { name: "Lamp", sku: "LAMP-1", status: null, stock: null, tags: ["light"] as const, size: { width: 12 } });
create("posts", { title: "Hello" });
create("posts", { title: "Hello", user_id: null });
create("comments", { post: "0197a3b0-0000-7000-8000-000000000000", text: "Yes" });
update("products", product.id, {});
update("products", product.id, { price: 19.9, tags: null });
update("products", product.id, { name: "Floor lamp" });
update("articles", product.id, { featured: true, score: 1 });

// Profiles.
const profile: Profile = { username: "ada", badge: 1 };
const shown: PublicProfile = { name: profile.name ?? "Ada" };
const registered: NewProfile = { username: "ada", bio: null };
const changed: ProfileChanges = { website: null };

// The package's own types.
const code: ErrorCode = "auth/invalid-credentials";
const user = (signedIn: SignedIn): User => signedIn.user;
const seconds = (tokens: Tokens): number => tokens.expiresIn;
const collections: (keyof Collections)[] = ["articles", "orders", "products"];

export { changed, code, collections, maker, names, registered, seconds, shown, status, tags, texts, user, width };
