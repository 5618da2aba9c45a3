import { createClient } from "bakend";
import { BakendProvider } from "bakend/react";
import { Router } from "next/navigation";
import { LoginForm } from "@/components/LoginForm";
import { ProtectedRoute } from "@/components/ProtectedRoute";
import { RequireRole } from "@/components/RequireRole";
import { useAuth } from "@/hooks/useAuth";

function Dashboard() {
  const { user, logout } = useAuth();
  const leave = () => {
    logout().catch(() => {});
  };
  return (
    <>
      <h1>{user?.email}</h1>
      <button onClick={leave}>Leave</button>
      <RequireRole role="admin">
        <p>For admins</p>
      </RequireRole>
    </>
  );
}

const dashboard = (
  <ProtectedRoute>
    <Dashboard />
  </ProtectedRoute>
);

/** The app of the five files beside it. */
export function App({ client }: { client: ReturnType<typeof connect> }) {
  return (
    <BakendProvider client={client}>
      <Router start="/dashboard" pages={{ "/login": <LoginForm />, "/dashboard": dashboard, "/admin": dashboard }} />
    </BakendProvider>
  );
}

export const connect = (send: typeof fetch) => createClient("https://api.example.com", { fetch: send, storage: "memory" });
