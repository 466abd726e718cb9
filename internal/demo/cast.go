package demo

import "time"

// The demo's plans.
const (
	freePlan  = "demo-free"
	teamPlan  = "demo-team"
	scalePlan = "demo-scale"
)

// Mark is the metadata of keys whose history was made up, with the value "true".
const Mark = "demo"

// rhythm is when in a week a key is used.
type rhythm int

const (
	office  rhythm = iota // in working hours, little on weekends
	evening               // after work, most on weekends
	always                // nearly the same at all times
	night                 // once a day, before the morning
)

// role is a made-up key, and how it is used.
type role struct {
	owner, name string
	plan        string
	zone        string
	via         string
	daily       float64 // requests of an ordinary day
	tokens      int64   // for each request; 0: none are counted
	rhythm      rhythm
	since       time.Duration // before now; 0: from the beginning
	growth      float64       // of a day, as a part of the last day
	today       float64       // requests until now; 0: as on any day
	story       story
}

// story is what a key shows besides its usage.
type story int

const (
	ordinary   story = iota
	nearLimit        // little remains of today
	usedUp           // nothing remains of today
	prepaid          // a lifetime quota of its own, raised once
	raised           // a limit of its own for each day
	temporary        // a limit of its own that ends in three days
	disabled         // four days ago; its calls go on
	revoked          // eleven days ago; its calls go on
	expiring         // in five days
	unlimited        // and marked as meant so
	rotated          // its secret, nine days ago, and it has two
	wrongScope       // it asks now and then for what it may not do
)

// cast are the made-up keys.
func cast() []role {
	const day = 24 * time.Hour
	return []role{
		{owner: "Acme Robotics", name: "Production", plan: scalePlan, via: "proxy", daily: 52_000, tokens: 2, rhythm: office},
		{owner: "Acme Robotics", name: "Staging", plan: teamPlan, via: "proxy", daily: 3_100, rhythm: office, story: rotated},
		{owner: "Bluebird Travel", name: "Website", plan: teamPlan, zone: "Europe/Berlin", via: "proxy", daily: 8_200, rhythm: evening, story: temporary},
		{owner: "Cartograph", name: "Tiles", plan: scalePlan, zone: "America/New_York", via: "verify", daily: 38_000, rhythm: always},
		{owner: "Dockside Logistics", name: "Tracking", plan: teamPlan, via: "proxy", daily: 5_200, rhythm: office, story: wrongScope},
		{owner: "Dockside Logistics", name: "Warehouse", plan: freePlan, via: "proxy", daily: 640, rhythm: always},
		{owner: "Evergreen Schools", name: "Timetable", plan: freePlan, zone: "Europe/London", via: "proxy", daily: 300, rhythm: office},
		{owner: "Fable Games", name: "Leaderboard", plan: teamPlan, zone: "Asia/Tokyo", via: "proxy", daily: 6_900, rhythm: evening},
		{owner: "Greenhouse Labs", name: "Sensors", plan: teamPlan, via: "verify", daily: 14_000, rhythm: always, story: raised},
		{owner: "Harbor Weather", name: "Alerts", plan: freePlan, via: "proxy", daily: 1_150, today: 1_040, rhythm: always, story: usedUp},
		{owner: "Iris Clinic", name: "Appointments", plan: freePlan, zone: "Europe/Berlin", via: "proxy", daily: 420, rhythm: office, story: disabled},
		{owner: "Juniper Books", name: "Search", plan: freePlan, via: "proxy", daily: 210, rhythm: evening, story: revoked},
		{owner: "Kestrel Media", name: "Thumbnails", plan: teamPlan, via: "proxy", daily: 7_600, today: 9_500, rhythm: office, story: nearLimit},
		{owner: "Lumen Energy", name: "Meter readings", plan: scalePlan, zone: "Europe/Zurich", via: "verify", daily: 21_000, tokens: 1, rhythm: night, story: expiring},
		{owner: "Mosaic Internal", name: "Nightly batch", via: "proxy", daily: 9_000, rhythm: night, story: unlimited},
		{owner: "Northwind", name: "Trial", plan: freePlan, via: "proxy", daily: 160, rhythm: office, story: prepaid},
		{owner: "Orchard Apps", name: "iOS app", plan: freePlan, via: "proxy", daily: 480, rhythm: evening, since: 6 * day, growth: 0.25},
		{owner: "Orchard Apps", name: "Android app", plan: freePlan, via: "proxy", since: 2 * day},
	}
}
