// The package with the types of an app; compiled where the checkout has the package.

import { createClient } from "./src/index.ts";
import type { Collections, OrdersExpanded, Profile, ProductsRecord } from "./bakend.ts";

const bk = createClient<Collections, Profile>("https://api.example.com");

const page = await bk.collection("products").list({ where: { status: "active", price: { lte: 20 } }, sort: "-price" });
const products: ProductsRecord[] = page.items;
const order: OrdersExpanded = await bk.collection("orders").get("id", { expand: ["product"] });
await bk.collection("products").edit("id", (product) => ({ name: product.name.trim() }));
await bk.collection("posts").create({ title: "Hello" });
await bk.collection("posts").count({ where: { title: { startsWith: "He" } } });

// @ts-expect-error
bk.collection("prodcts");
// @ts-expect-error
await bk.collection("products").list({ where: { titel: "Lamp" } });
// @ts-expect-error
await bk.collection("products").list({ where: { price: { contains: 2 } } });
// @ts-expect-error
await bk.collection("products").list({ sort: "stock" });
// @ts-expect-error
await bk.collection("products").list({ expand: ["sku"] });
// @ts-expect-error
await bk.collection("products").create({ name: "Lamp" });
// @ts-expect-error
await bk.collection("products").update("id", { colour: "red" });

export { order, products };
