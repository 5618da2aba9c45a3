export { useAuth } from "bakend/react";
