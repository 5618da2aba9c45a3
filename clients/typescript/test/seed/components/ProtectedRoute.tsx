'use client';
import { redirect } from "next/navigation";
import { useAuth } from "@/hooks/useAuth";

export function ProtectedRoute({ children }: { children: React.ReactNode }) {
  const session = useAuth();
  if (session.isLoading) return <p>One moment</p>;
  if (!session.user) redirect("/login");
  return <main>{children}</main>;
}
