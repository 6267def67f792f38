import { alwaysPrinted, type Section } from "../plan/facts/sections";

/** The output of `on-host/look/facts.sh`: these sections, and those that every host prints, empty. */
export const printedFacts = (sections: Partial<Record<Section, string>>): string =>
  [...new Set<Section>([...alwaysPrinted.filter((name) => name !== "end"), ...keys(sections), "end"])]
    .map((name) => `@@ ${name}\n${sections[name] ? `${sections[name]}\n` : ""}`)
    .join("");

const keys = (sections: Partial<Record<Section, string>>) =>
  (Object.keys(sections) as Section[]).filter((name) => name !== "end");
