import { encode } from 'uqr'

/** QR draws a text as a QR code, always dark on light: that is what cameras expect. */
export function QR({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text)
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} width={220} height={220} style={{ background: '#fff', borderRadius: 8 }} shapeRendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  )
}
