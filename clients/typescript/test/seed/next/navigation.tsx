// The two functions of Next's that the app uses, and the router that they speak to.
import { Component, createContext, useContext } from "react";
import type { ReactNode } from "react";

class Redirect extends Error {
  readonly to: string;
  constructor(to: string) {
    super(`Redirect to ${to}`);
    this.to = to;
  }
}

const Push = createContext<(path: string) => void>(() => {});

/** Leads to another page by an error, as Next does. */
export function redirect(path: string): never {
  throw new Redirect(path);
}

export const useRouter = () => ({ push: useContext(Push) });

/** Shows the page of a path, and follows its redirections. */
export class Router extends Component<{ start: string; pages: Record<string, ReactNode> }, { path: string }> {
  override state = { path: this.props.start };
  static getDerivedStateFromError(error: unknown): { path: string } {
    if (error instanceof Redirect) return { path: error.to };
    throw error;
  }
  override render(): ReactNode {
    return <Push.Provider value={(path) => this.setState({ path })}>{this.props.pages[this.state.path]}</Push.Provider>;
  }
}
