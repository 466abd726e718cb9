package manual

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Page is the manual page of one command.
type Page struct {
	Name    string // of the file, such as "ration-keys-create.1"
	command *cobra.Command
}

// Pages returns the pages of a command and of all below it that its help shows.
func Pages(root *cobra.Command) []Page {
	pages := []Page{{Name: dashed(root) + ".1", command: root}}
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() {
			pages = append(pages, Pages(command)...)
		}
	}
	return pages
}

// WriteTo implements [io.WriterTo].
func (p Page) WriteTo(w io.Writer) (int64, error) {
	var page roff
	name := dashed(p.command)
	page.macro("TH", strings.ToUpper(name), "1", "", p.command.Root().Name())
	page.section("NAME")
	page.line(name + " - " + lowerFirst(p.command.Short))
	page.section("SYNOPSIS")
	page.bold(p.command.UseLine())
	page.section("DESCRIPTION")
	page.paragraphs(cmp.Or(p.command.Long, p.command.Short))
	p.commands(&page)
	p.options(&page, "OPTIONS", p.command.NonInheritedFlags())
	p.options(&page, "OPTIONS OF ALL COMMANDS", p.command.InheritedFlags())
	if p.command.Example != "" {
		page.section("EXAMPLES")
		page.verbatim(p.command.Example)
	}
	p.related(&page)
	n, err := io.WriteString(w, page.text.String())
	return int64(n), err
}

func (p Page) commands(page *roff) {
	if !p.command.HasAvailableSubCommands() {
		return
	}
	page.section("COMMANDS")
	for _, command := range p.command.Commands() {
		if command.IsAvailableCommand() {
			page.item(dashed(command)+"(1)", command.Short)
		}
	}
}

func (p Page) options(page *roff, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	page.section(title)
	flags.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			page.item(option(flag), usage(flag))
		}
	})
}

// related names the page above this one.
func (p Page) related(page *roff) {
	if !p.command.HasParent() {
		return
	}
	page.section("SEE ALSO")
	page.line(dashed(p.command.Parent()) + "(1)")
}

// option is how a flag is written, with what its value looks like.
func option(flag *pflag.Flag) string {
	text := "--" + flag.Name
	if flag.Shorthand != "" {
		text = "-" + flag.Shorthand + ", " + text
	}
	if value, _ := pflag.UnquoteUsage(flag); value != "" {
		text += " " + value
	}
	return text
}

// usage is what a flag means, with its default if that says something.
func usage(flag *pflag.Flag) string {
	_, text := pflag.UnquoteUsage(flag)
	if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, flag.DefValue) {
		text += fmt.Sprintf(" (default %s)", flag.DefValue)
	}
	return text
}

func dashed(command *cobra.Command) string {
	return strings.ReplaceAll(command.CommandPath(), " ", "-")
}

// lowerFirst begins a text in lower case, as manual pages do, unless it begins
// with an abbreviation.
func lowerFirst(text string) string {
	if len(text) < 2 || strings.ToUpper(text[:2]) == text[:2] {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
