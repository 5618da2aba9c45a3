'use client';
import { useState } from "react";
import { useRouter } from "next/navigation";
import { useAuth } from "@/hooks/useAuth";

export function LoginForm() {
  const [values, setValues] = useState({ email: "", password: "" });
  const [problem, setProblem] = useState("");
  const { login, isLoading } = useAuth();
  const { push } = useRouter();

  const set = (e: React.ChangeEvent<HTMLInputElement>) => setValues({ ...values, [e.target.name]: e.target.value });
  const send = async (e: React.FormEvent) => {
    e.preventDefault();
    setProblem("");
    try {
      const user = await login(values.email, values.password);
      push(user.role === "admin" ? "/admin" : "/dashboard");
    } catch (reason) {
      setProblem(reason instanceof Error ? reason.message : "It did not work");
    }
  };

  return (
    <form onSubmit={send}>
      <input name="email" type="email" required value={values.email} onChange={set} />
      <input name="password" type="password" required value={values.password} onChange={set} />
      {problem && <p className="problem">{problem}</p>}
      <button disabled={isLoading}>{isLoading ? "Going in" : "Go in"}</button>
    </form>
  );
}
