package webhook

// What is tested by itself, because no clock and no network can be had that shows it.
var (
	CheckDial = checkDial
	Next      = next
)

// MostPatience is how long a receiver can ask to be left alone for.
const MostPatience = mostPatience
