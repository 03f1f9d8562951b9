// Expands calendars with ical.js: a line of JSON in, a line of JSON out.
//
// In:  {"calendar": "BEGIN:VCALENDAR...", "last": "2027-01-01"}
// Out: [[recurrence id, start], ...] of every instance whose original start isn't after "last"; a time is
//      [wall time, zone, seconds since 1970], its zone "floating" of a floating time or a date. Or {"error"}.
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const { default: ICAL } = await import(pathToFileURL(process.argv[2]));

function written(time) {
  return [time.toString(), time.zone.tzid, time.toUnixTime()];
}

function expanded({ calendar, last }) {
  const whole = new ICAL.Component(ICAL.parse(calendar));
  ICAL.TimezoneService.reset();
  for (const zone of whole.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  const events = whole.getAllSubcomponents("vevent");
  const series = new ICAL.Event(events.find((event) => !event.hasProperty("recurrence-id")));
  const found = [];
  const instances = series.iterator();
  for (let next = instances.next(); next && next.toString().slice(0, 10) <= last; next = instances.next()) {
    found.push([written(next), written(series.getOccurrenceDetails(next).startDate)]);
  }
  return found;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = expanded(JSON.parse(line));
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
}
