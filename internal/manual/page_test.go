package manual_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/manual"
)

// tool returns a command with what is hard to write in a manual page.
func tool() *cobra.Command {
	nothing := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "tool", Short: "API keys"}
	root.PersistentFlags().StringP("output", "o", "table", "what to print")
	made := &cobra.Command{
		Use: "make-up NAME", Short: "Make up a name", Run: nothing,
		Long:    "Makes up a C:\\name.\n.hidden files count.\n'Quoted' ones too.\n\n  $ indented\n\nIt ends…",
		Example: "  tool make-up \"a b\"\n  tool make-up --size 3",
	}
	made.Flags().Int("size", 0, "how `large` it is")
	made.Flags().Bool("all", false, "take all")
	made.Flags().Bool("secret", false, "not for people")
	_ = made.Flags().MarkHidden("secret")
	root.AddCommand(made, &cobra.Command{Use: "hidden", Hidden: true, Run: nothing})
	return root
}

const rootPage = `.TH "TOOL" "1" "" "tool"
.SH "NAME"
tool \- API keys
.SH "SYNOPSIS"
.B "tool"
.SH "DESCRIPTION"
API keys
.SH "COMMANDS"
.TP
.B "tool\-make\-up(1)"
Make up a name
.SH "OPTIONS"
.TP
.B "\-o, \-\-output string"
what to print (default table)
`

const commandPage = `.TH "TOOL\-MAKE\-UP" "1" "" "tool"
.SH "NAME"
tool\-make\-up \- make up a name
.SH "SYNOPSIS"
.B "tool make\-up NAME [flags]"
.SH "DESCRIPTION"
Makes up a C:\ename.
\&.hidden files count.
\&'Quoted' ones too.
.PP
.RS "4"
.nf
$ indented
.fi
.RE
.PP
It ends\[u2026]
.SH "OPTIONS"
.TP
.B "\-\-all"
take all
.TP
.B "\-\-size large"
how large it is
.SH "OPTIONS OF ALL COMMANDS"
.TP
.B "\-o, \-\-output string"
what to print (default table)
.SH "EXAMPLES"
.PP
.RS "4"
.nf
tool make\-up "a b"
tool make\-up \-\-size 3
.fi
.RE
.SH "SEE ALSO"
tool(1)
`

func TestPagesSayWhatHelpSays(t *testing.T) {
	got := make(map[string]string)
	for _, page := range manual.Pages(tool()) {
		var text strings.Builder
		if n, err := page.WriteTo(&text); err != nil || n != int64(text.Len()) {
			t.Errorf("%s: wrote %d bytes of %d: %v", page.Name, n, text.Len(), err)
		}
		got[page.Name] = text.String()
	}
	want := map[string]string{"tool.1": rootPage, "tool-make-up.1": commandPage}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
