/** Starts the app. It talks to the node that served it: `tlfs node run --bridge 127.0.0.1:0 --app dist`. */
import { TlfsProvider } from "@tlfs/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";

createRoot(document.getElementById("app") as HTMLElement).render(
  <StrictMode>
    <TlfsProvider>
      <App />
    </TlfsProvider>
  </StrictMode>,
);
