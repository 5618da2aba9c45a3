'use client';
import { useAuth } from "@/hooks/useAuth";

export function RequireRole({ role, children }: { role: string; children: React.ReactNode }) {
  const { user } = useAuth();
  return user?.role === role ? <>{children}</> : <p>Not for you</p>;
}
