package main

import "strings"

type known struct{ flags, plugins map[string]bool }

// parseKnown reads a line per flag ("flag NAME") and per admission plugin ("plugin NAME").
func parseKnown(list string) known {
	k := known{map[string]bool{}, map[string]bool{}}
	for _, line := range strings.Split(list, "\n") {
		kind, name, _ := strings.Cut(line, " ")
		switch kind {
		case "flag":
			k.flags[name] = true
		case "plugin":
			k.plugins[name] = true
		}
	}
	return k
}

// Flags that are still there, but whose values of v1.20 aren't: API versions and feature gates that have since gone.
var oldValues = map[string]bool{"feature-gates": true, "runtime-config": true}

// filter splits --name=value arguments into those to pass on and those dropped.
func filter(args []string, k known) (kept, dropped []string) {
	for _, arg := range args {
		name, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		switch {
		case !k.flags[name], oldValues[name], name == "cloud-provider" && value == "":
			dropped = append(dropped, arg)
		case name == "enable-admission-plugins":
			var plugins []string
			for _, plugin := range strings.Split(value, ",") {
				if k.plugins[plugin] {
					plugins = append(plugins, plugin)
				} else {
					dropped = append(dropped, "admission plugin "+plugin)
				}
			}
			kept = append(kept, "--"+name+"="+strings.Join(plugins, ","))
		default:
			kept = append(kept, arg)
		}
	}
	return kept, dropped
}
