metadata description = 'The private deployment\'s network: subnets, their security group, one way out, and the DNS zones of private endpoints.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('What the names of the resources end with.')
param suffix string

@description('Address space, at least a /22.')
param addressSpace string = '10.40.0.0/22'

@description('Zones of the way out; empty lets Azure choose one.')
param zones string[] = []

@description('Add a subnet for the nodes of a Kubernetes cluster.')
param withCluster bool = false

@description('Resource IDs of the private DNS zones, by what they resolve.')
@export()
type dnsZones = {
  @description('Blobs.')
  blob: string

  @description('Queues.')
  queue: string

  @description('Tables.')
  table: string

  @description('File shares.')
  file: string

  @description('Key vaults.')
  vault: string

  @description('Container registries.')
  registry: string

  @description('Azure Machine Learning\'s API.')
  machineLearning: string

  @description('Azure Machine Learning\'s notebooks.')
  notebooks: string

  @description('Function apps.')
  sites: string
}

var zoneNames = [
  'privatelink.blob.${environment().suffixes.storage}'
  'privatelink.queue.${environment().suffixes.storage}'
  'privatelink.table.${environment().suffixes.storage}'
  'privatelink.file.${environment().suffixes.storage}'
  'privatelink.vaultcore.azure.net'
  'privatelink.azurecr.io'
  'privatelink.api.azureml.ms'
  'privatelink.notebooks.azure.net'
  'privatelink.azurewebsites.net'
]

resource guard 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg-${suffix}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'nothing-from-the-internet'
        properties: {
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: 'pip-${suffix}'
  location: location
  tags: tags
  zones: zones
  sku: {
    name: 'Standard'
    tier: 'Regional'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
    publicIPAddressVersion: 'IPv4'
  }
}

resource wayOut 'Microsoft.Network/natGateways@2025-05-01' = {
  name: 'ng-${suffix}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIpAddresses: [
      { id: address.id }
    ]
  }
}

var functionsSubnet = {
  name: 'functions'
  properties: {
    addressPrefix: cidrSubnet(addressSpace, 24, 0)
    networkSecurityGroup: { id: guard.id }
    natGateway: { id: wayOut.id }
    defaultOutboundAccess: false
    delegations: [
      {
        name: 'flex-consumption'
        properties: {
          serviceName: 'Microsoft.App/environments'
        }
      }
    ]
  }
}
var endpointsSubnet = {
  name: 'endpoints'
  properties: {
    addressPrefix: cidrSubnet(addressSpace, 24, 1)
    networkSecurityGroup: { id: guard.id }
    defaultOutboundAccess: false
    privateEndpointNetworkPolicies: 'Disabled'
  }
}
var clusterSubnet = {
  name: 'cluster'
  properties: {
    addressPrefix: cidrSubnet(addressSpace, 24, 2)
    networkSecurityGroup: { id: guard.id }
    natGateway: { id: wayOut.id }
    defaultOutboundAccess: false
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-${suffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [addressSpace]
    }
    subnets: withCluster
      ? [functionsSubnet, endpointsSubnet, clusterSubnet]
      : [functionsSubnet, endpointsSubnet]
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zoneName in zoneNames: {
    name: zoneName
    location: 'global'
    tags: tags
  }
]

resource zoneLink 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zoneName, i) in zoneNames: {
    parent: zone[i]
    name: 'to-network'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: network.id
      }
    }
  }
]

@description('Resource ID of the subnet that the function app sends its calls through.')
output functionsSubnetId string = '${network.id}/subnets/functions'

@description('Resource ID of the subnet of the private endpoints.')
output endpointsSubnetId string = '${network.id}/subnets/endpoints'

@description('Resource ID of the subnet of the Kubernetes nodes; empty without one.')
output clusterSubnetId string = withCluster ? '${network.id}/subnets/cluster' : ''

@description('Address that calls from the network to the internet come from.')
output outboundAddress string = address.properties.ipAddress

@description('Private DNS zones.')
output dnsZoneIds dnsZones = {
  blob: zone[0].id
  queue: zone[1].id
  table: zone[2].id
  file: zone[3].id
  vault: zone[4].id
  registry: zone[5].id
  machineLearning: zone[6].id
  notebooks: zone[7].id
  sites: zone[8].id
}
