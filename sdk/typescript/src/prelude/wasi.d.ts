declare module "wasi:random/random@0.2.0" {
  const random: { getRandomBytes(count: number): Uint8Array };
  export default random;
}
