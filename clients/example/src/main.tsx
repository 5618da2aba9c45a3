import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BakendProvider } from "bakend/react";

import { App } from "./app.tsx";
import { bk } from "./client.ts";

const place = document.getElementById("app");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <BakendProvider client={bk}>
        <App />
      </BakendProvider>
    </StrictMode>,
  );
}
