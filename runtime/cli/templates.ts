// What a new Worker may begin with: the folders of runtime/templates.
export const templates = ["hello", "api", "websocket", "queue", "cron", "requests", "flask", "fastapi"] as const;
