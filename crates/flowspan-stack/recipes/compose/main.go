// Command compose reads a compose file as Docker Compose does, with its profiles
// and the environment, checks it by the published schema, and prints what it
// comes to as JSON.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: compose FILE [PROFILE …]")
	}
	ctx := context.Background()
	options, err := cli.NewProjectOptions(
		[]string{os.Args[1]},
		cli.WithProfiles(os.Args[2:]),
		cli.WithOsEnv,
		cli.WithInterpolation(true),
	)
	if err != nil {
		log.Fatal(err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		log.Fatal(err)
	}
	text, err := project.MarshalJSON()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}
