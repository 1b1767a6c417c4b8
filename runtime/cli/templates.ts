// What a new Worker may begin with: the folders of runtime/templates.
export const templates = ["hello", "requests", "flask", "fastapi"] as const;
