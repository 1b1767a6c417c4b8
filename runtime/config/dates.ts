// Days as YYYY-MM-DD, which compare as text.

/** The day it is, in UTC. */
export function todayUtc(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Whether a text is YYYY-MM-DD and a day of the calendar. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

/** The same day so many months before; the last of its month where that has no such day. */
export function monthsBefore(day: string, months: number): string {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  const lastOfMonth = new Date(Date.UTC(year, month - months, 0));
  return new Date(Date.UTC(year, month - 1 - months, Math.min(date, lastOfMonth.getUTCDate())))
    .toISOString()
    .slice(0, 10);
}
