const colours = ['teal', 'orange', 'blue', 'grape', 'lime', 'pink', 'cyan', 'yellow', 'indigo', 'red']

/** planColour tells plans apart in pictures; their numbers stand beside it. */
export function planColour(plan: number): { background: string; border: string } {
  const colour = colours[(plan - 1) % colours.length]
  return { background: `var(--mantine-color-${colour}-light)`, border: `1px solid var(--mantine-color-${colour}-outline)` }
}
